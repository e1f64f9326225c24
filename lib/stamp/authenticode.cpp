// SPDX-License-Identifier: Apache-2.0
#include "stamp/authenticode.hpp"

#include "stamp/impl/der.hpp"
#include "stamp/impl/fields.hpp"
#include "stamp/impl/pe_digest.hpp"
#include "stamp/impl/spc.hpp"

namespace rescue::stamp {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

crypto::Digest256 digest_of(ByteView image, const impl::PeLayout& pe) {
  impl::Sha256 hash;
  impl::hash_pe(hash, image, pe, pe.content_end);
  const Bytes padding((8 - pe.content_end % 8) % 8);
  hash.update(padding);
  return hash.finish();
}

auto malformed(std::string_view what) { return fail(base::Errc::bad_format, fmt::format("signature: {}", what)); }

/// The PKCS#7 of the only entry of the certificate table.
Result<impl::Pkcs7Ptr> read_pkcs7(ByteView table) {
  const std::uint32_t size = impl::u32(table, 0);
  if (size < impl::kCertificateHeader || size > table.size() || table.size() - size >= 8)
    return malformed(fmt::format("an entry of {} bytes in a table of {}", size, table.size()));
  if (impl::u16(table, 4) != impl::kCertificateRevision || impl::u16(table, 6) != impl::kCertificatePkcs7)
    return fail(base::Errc::unsupported, "a signature that is not PKCS#7");
  const unsigned char* at = table.data() + impl::kCertificateHeader;
  const unsigned char* const begin = at;
  const auto room = static_cast<long>(size - impl::kCertificateHeader);
  impl::Pkcs7Ptr out(d2i_PKCS7(nullptr, &at, room));
  if (!out) return malformed("not PKCS#7: " + impl::openssl_reason());
  // What is hidden behind it (other programs take orders from there) would be signed by nobody.
  const ByteView padding(at, static_cast<std::size_t>(room - (at - begin)));
  if (padding.size() >= 8 || std::ranges::any_of(padding, [](std::uint8_t b) { return b != 0; }))
    return malformed("something stands behind it");
  return out;
}

struct Sequence {
  ByteView value;
  ByteView rest;
};
/// The SEQUENCE that `in` begins with.
Result<Sequence> split_first(ByteView in) {
  const unsigned char* at = in.data();
  long size = 0;
  int tag = 0;
  int kind = 0;
  const int form = ASN1_get_object(&at, &size, &tag, &kind, static_cast<long>(in.size()));
  if (form != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE) return malformed("its content is cut off");
  const auto header = static_cast<std::size_t>(at - in.data());
  return Sequence{in.subspan(header, static_cast<std::size_t>(size)),
                  in.subspan(header + static_cast<std::size_t>(size))};
}

/// The value, without tag and length, of the SpcIndirectDataContent.
Result<ByteView> indirect_data(const PKCS7* p7) {
  if (!PKCS7_type_is_signed(p7) || p7->d.sign == nullptr || p7->d.sign->contents == nullptr)
    return malformed("not a signed message");
  std::array<char, 64> type{};
  const auto* contents = p7->d.sign->contents;
  if (OBJ_obj2txt(type.data(), type.size(), contents->type, 1) <= 0 ||
      std::string_view(type.data()) != impl::kSpcIndirectData)
    return malformed("not over a program file");
  const auto* other = contents->d.other;
  if (other == nullptr || other->type != V_ASN1_SEQUENCE) return malformed("without content");
  const auto* encoded = other->value.sequence;
  RESCUE_TRY(const auto parts, split_first({encoded->data, static_cast<std::size_t>(encoded->length)}));
  return parts.value;
}

/// What stands in an SpcIndirectDataContent behind the kind of file, which must be a PE image.
Result<ByteView> digest_info_in(ByteView content) {
  RESCUE_TRY(const auto parts, split_first(content));
  const auto kind = impl::der::oid(impl::kSpcPeImageData);
  if (parts.value.size() < kind.size() || !std::ranges::equal(parts.value.first(kind.size()), kind))
    return malformed("of another kind of file");
  return parts.rest;
}
/// That `signer` signed `content`. PKCS7_verify does the same and more, but OpenSSL 3.0 loses memory when a message
/// names digests that it does not know.
Result<> check_signature(PKCS7* p7, X509* signer, ByteView content) {
  STACK_OF(PKCS7_SIGNER_INFO)* infos = PKCS7_get_signer_info(p7);
  if (infos == nullptr || sk_PKCS7_SIGNER_INFO_num(infos) != 1) return malformed("not of one signer");
  const impl::BioPtr digest(BIO_new(BIO_f_md()));
  BIO* const sink = BIO_new(BIO_s_null());
  RESCUE_ASSERT(digest && sink != nullptr && BIO_set_md(digest.get(), EVP_sha256()) == 1);
  BIO_push(digest.get(), sink);  // freed with it
  RESCUE_ASSERT(BIO_write(digest.get(), content.data(), static_cast<int>(content.size())) ==
                static_cast<int>(content.size()));
  if (PKCS7_signatureVerify(digest.get(), p7, sk_PKCS7_SIGNER_INFO_value(infos, 0), signer) != 1)
    return fail(base::Errc::verification_failed, "signature of this program file: " + impl::openssl_reason());
  return {};
}
}  // namespace

Result<crypto::Digest256> authenticode_digest(ByteView image) {
  RESCUE_TRY(const auto place, find_slot(image));
  if (place.format != ImageFormat::pe) return fail(base::Errc::unsupported, "not a PE file");
  RESCUE_TRY(const auto pe, impl::parse_pe(image));
  return digest_of(image, pe);
}

Result<crypto::Certificate> signer_of(ByteView image) {
  RESCUE_TRY(const auto place, find_slot(image));
  if (place.format != ImageFormat::pe) return fail(base::Errc::unsupported, "not a PE file");
  RESCUE_TRY(const auto pe, impl::parse_pe(image));
  if (pe.signature_size == 0) return fail(base::Errc::not_found, "this program file is not signed");
  RESCUE_TRY(const auto p7, read_pkcs7(image.subspan(pe.content_end)));
  RESCUE_TRY(const auto content, indirect_data(p7.get()));
  RESCUE_TRY(const auto said, digest_info_in(content));
  if (!std::ranges::equal(said, impl::digest_info(digest_of(image, pe))))
    return fail(base::Errc::verification_failed, "this program file was changed after it was signed");
  const impl::StackPtr signers(PKCS7_get0_signers(p7.get(), nullptr, 0));
  if (!signers || sk_X509_num(signers.get()) != 1) return malformed("not of one signer: " + impl::openssl_reason());
  RESCUE_CHECK(check_signature(p7.get(), sk_X509_value(signers.get(), 0), content));
  return crypto::Certificate::from_native(sk_X509_value(signers.get(), 0));
}

}  // namespace rescue::stamp
