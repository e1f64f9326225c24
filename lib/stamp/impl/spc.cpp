// SPDX-License-Identifier: Apache-2.0
#include "stamp/impl/spc.hpp"

#include "stamp/impl/der.hpp"
#include "stamp/impl/fields.hpp"

namespace rescue::stamp::impl {

base::Bytes digest_info(const crypto::Digest256& digest) {
  static const base::Bytes sha256 = der::value(der::kSequence, {der::oid(kSha256), der::null()});
  return der::value(der::kSequence, {sha256, der::value(der::kOctetString, {digest})});
}

base::Bytes spc_indirect_data(const crypto::Digest256& image_digest) {
  // SpcPeImageData: flags (an empty bit string), file [0]: an SpcLink of kind file [2]: an empty string [0].
  static const base::Bytes image_data = der::value(
      der::kSequence,
      {der::oid(kSpcPeImageData),
       der::value(
           der::kSequence,
           {base::Bytes{der::kBitString, 1, 0},
            der::value(der::constructed(0), {der::value(der::constructed(2), {der::value(der::primitive(0), {})})})})});
  return der::concatenated({image_data, digest_info(image_digest)});
}

base::Bytes certificate_table(base::ByteView pkcs7) {
  const std::size_t size = (kCertificateHeader + pkcs7.size() + 7) / 8 * 8;
  base::Bytes out;
  out.reserve(size);
  append_u32(out, static_cast<std::uint32_t>(size));
  append_u16(out, kCertificateRevision);
  append_u16(out, kCertificatePkcs7);
  base::append(out, pkcs7);
  out.resize(size);
  return out;
}

}  // namespace rescue::stamp::impl
