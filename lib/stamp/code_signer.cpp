// SPDX-License-Identifier: Apache-2.0
#include "stamp/code_signer.hpp"

#include <ranges>

#include "base/utf8.hpp"
#include "crypto/errors.hpp"
#include "stamp/impl/der.hpp"
#include "stamp/impl/openssl.hpp"
#include "stamp/impl/spc.hpp"

namespace rescue::stamp {
namespace {
namespace der = impl::der;
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

/// Big-endian, two bytes a character (X.680 knows no surrogates in a BMPString, and OpenSSL shows none).
Result<Bytes> bmp_string(std::string_view text) {
  if (!base::is_valid_utf8(text)) return fail(base::Errc::invalid_argument, "program name that is not UTF-8");
  base::ByteWriter out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = base::next_code_point(text, at);
    if (base::is_control(c) || c > 0xffff)
      return fail(base::Errc::invalid_argument,
                  fmt::format("program name with the character U+{:04X}", static_cast<std::uint32_t>(c)));
    out.u16(static_cast<std::uint16_t>(c));
  }
  if (out.size() > 2 * kMaxProgramName)
    return fail(base::Errc::invalid_argument, fmt::format("program name of more than {} characters", kMaxProgramName));
  return std::move(out).take();
}

Result<> check_url(std::string_view url) {
  const bool ascii = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f; });
  if (url.empty()) return {};
  if (!ascii || url.size() > kMaxPublisherUrl || !(url.starts_with("https://") || url.starts_with("http://")))
    return fail(base::Errc::invalid_argument,
                fmt::format("publisher's address '{}': http or https, at most {} ASCII characters",
                            base::to_display_text(url), kMaxPublisherUrl));
  return {};
}

/// SpcSpOpusInfo: programName [0] SpcString, moreInfo [1] SpcLink.
Result<Bytes> opus_info(const ProgramInfo& info) {
  RESCUE_TRY(const auto name, bmp_string(info.name));
  RESCUE_CHECK(check_url(info.url));
  Bytes content;
  if (!name.empty()) base::append(content, der::value(der::constructed(0), {der::value(der::primitive(0), {name})}));
  if (!info.url.empty())
    base::append(content, der::value(der::constructed(1), {der::value(der::primitive(0), {base::as_bytes(info.url)})}));
  return der::value(der::kSequence, {content});
}

Result<> check_chain(const crypto::PrivateKey& key, std::span<const crypto::Certificate> chain, base::WallTime now) {
  if (key.kind() == crypto::KeyKind::ed25519)
    return fail(crypto::Errc::key_unsupported, "an Ed25519 key cannot sign programs for Windows");
  if (chain.empty()) return fail(base::Errc::verification_failed, "a code-signing key without its certificate");
  if (chain.size() > crypto::kMaxChainCertificates)
    return fail(base::Errc::too_large, fmt::format("a chain of {} certificates", chain.size()));
  if (chain.front().fingerprint() != key.fingerprint())
    return fail(base::Errc::verification_failed, "the code-signing key is not the one of the first certificate");
  X509* leaf = chain.front().native();
  if ((X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) == 0 ||
      (X509_get_extended_key_usage(leaf) & XKU_CODE_SIGN) == 0)
    return fail(base::Errc::verification_failed,
                fmt::format("the certificate of '{}' is not for code signing", chain.front().common_name()));
  for (std::size_t i = 0; i + 1 < chain.size(); ++i)
    if (X509_check_issued(chain[i + 1].native(), chain[i].native()) != X509_V_OK)
      return fail(base::Errc::verification_failed,
                  fmt::format("in the code-signing chain '{}' is not issued by the next, '{}'", chain[i].common_name(),
                              chain[i + 1].common_name()));
  for (const auto& c : chain)
    if (now < c.not_before() || now >= c.not_after())
      return fail(crypto::Errc::certificate_expired,
                  fmt::format("code-signing certificate '{}', {} to {}", c.common_name(),
                              base::to_rfc3339(c.not_before()), base::to_rfc3339(c.not_after())));
  return {};
}

template <typename T, typename Encode>
Bytes encoded(const T* object, Encode encode) {
  const int n = encode(object, nullptr);
  RESCUE_ASSERT(n > 0);
  Bytes out(static_cast<std::size_t>(n));
  unsigned char* at = out.data();
  encode(object, &at);
  return out;
}

Bytes attribute(std::string_view type, ByteView value) {
  return der::value(der::kSequence, {der::oid(type), der::value(der::kSet, {value})});
}

Bytes signature_algorithm_of(crypto::KeyKind kind) {
  if (kind == crypto::KeyKind::p256) return der::value(der::kSequence, {der::oid(impl::kEcdsaWithSha256)});
  return der::value(der::kSequence, {der::oid(impl::kRsaEncryption), der::null()});
}
}  // namespace

Result<CodeSigner> CodeSigner::make(crypto::PrivateKey key, std::vector<crypto::Certificate> chain,
                                    const ProgramInfo& info, base::WallTime now) {
  RESCUE_CHECK(check_chain(key, chain, now));
  RESCUE_TRY(const auto opus, opus_info(info));
  const auto ends = std::ranges::min(chain | std::views::transform([](const auto& c) { return c.not_after(); }));
  Bytes certificates;
  for (const auto& c : chain) base::append(certificates, c.der());
  const X509* leaf = chain.front().native();
  auto issuer_and_serial = der::value(der::kSequence, {encoded(X509_get_issuer_name(leaf), i2d_X509_NAME),
                                                       encoded(X509_get0_serialNumber(leaf), i2d_ASN1_INTEGER)});
  std::vector<Bytes> attributes{
      attribute(impl::kContentType, der::oid(impl::kSpcIndirectData)), attribute(impl::kSpcSpOpusInfo, opus),
      attribute(impl::kSpcStatementType, der::value(der::kSequence, {der::oid(impl::kSpcIndividual)}))};
  auto algorithm = signature_algorithm_of(key.kind());
  CodeSigner out(std::make_shared<const Parts>(
      Parts{std::move(key), chain.front(), ends, der::value(der::constructed(0), {certificates}),
            std::move(issuer_and_serial), std::move(algorithm), std::move(attributes)}));
  // Once to see that it fits: what is signed later differs by a few bytes.
  RESCUE_CHECK(out.sign_authenticode(crypto::Digest256{}));
  return out;
}

Result<CodeSigner> CodeSigner::load(const std::filesystem::path& chain_pem, const std::filesystem::path& key_pem,
                                    const ProgramInfo& info, base::WallTime now) {
  RESCUE_TRY(auto identity, crypto::load_server_identity(chain_pem, key_pem));
  return make(std::move(identity.key), std::move(identity.chain), info, now);
}

Result<Bytes> CodeSigner::sign_authenticode(const crypto::Digest256& image_digest) const {
  static const Bytes sha256 = der::value(der::kSequence, {der::oid(impl::kSha256), der::null()});
  const Bytes content = impl::spc_indirect_data(image_digest);
  // PKCS#7 (RFC 2315, section 9.3): the digest is over the content's value without its tag and length.
  auto attributes = parts_->attributes;
  attributes.push_back(attribute(impl::kMessageDigest, der::value(der::kOctetString, {crypto::sha256(content)})));
  const Bytes signed_attributes = der::set_of(std::move(attributes));
  RESCUE_TRY(const auto signature, parts_->key.sign(der::value(der::kSet, {signed_attributes})));

  const Bytes signer =
      der::value(der::kSequence, {der::integer(1), parts_->issuer_and_serial, sha256,
                                  der::value(der::constructed(0), {signed_attributes}), parts_->signature_algorithm,
                                  der::value(der::kOctetString, {signature})});
  const Bytes content_info = der::value(
      der::kSequence,
      {der::oid(impl::kSpcIndirectData), der::value(der::constructed(0), {der::value(der::kSequence, {content})})});
  const Bytes signed_data = der::value(der::kSequence, {der::integer(1), der::value(der::kSet, {sha256}), content_info,
                                                        parts_->certificates, der::value(der::kSet, {signer})});
  Bytes out = der::value(der::kSequence, {der::oid(impl::kSignedData), der::value(der::constructed(0), {signed_data})});
  if (out.size() > kMaxSignatureBytes)
    return fail(base::Errc::too_large, fmt::format("a signature of {} bytes: the chain is too long", out.size()));
  return out;
}

Result<Bytes> CodeSigner::sign_detached(const crypto::Digest256& file_digest) const {
  const impl::KeyContextPtr context(EVP_PKEY_CTX_new(parts_->key.native(), nullptr));
  std::size_t size = crypto::kMaxSignatureBytes;
  Bytes out(size);
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_sign(context.get(), out.data(), &size, file_digest.data(), file_digest.size()) != 1)
    return fail(base::Errc::internal, "signing a program file: " + impl::openssl_reason());
  out.resize(size);
  return out;
}

}  // namespace rescue::stamp
