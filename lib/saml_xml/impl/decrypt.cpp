// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/decrypt.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>

#include "crypto/keys.hpp"

namespace rescue::saml_xml {
namespace {
using base::Bytes;
using base::ByteView;

constexpr std::string_view kElementType = "http://www.w3.org/2001/04/xmlenc#Element";
constexpr std::string_view kOaepMgf1p = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
constexpr std::string_view kOaep11 = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
constexpr std::string_view kEncryption11Ns = "http://www.w3.org/2009/xmlenc11#";
constexpr std::size_t kGcmNonce = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kBlock = 16;

struct Cipher {
  std::string_view uri;
  const EVP_CIPHER* (*cipher)();
  std::size_t key_bytes;
  bool authenticated;
};
constexpr std::array<Cipher, 6> kCiphers{{
    {"http://www.w3.org/2009/xmlenc11#aes128-gcm", EVP_aes_128_gcm, 16, true},
    {"http://www.w3.org/2009/xmlenc11#aes192-gcm", EVP_aes_192_gcm, 24, true},
    {"http://www.w3.org/2009/xmlenc11#aes256-gcm", EVP_aes_256_gcm, 32, true},
    {"http://www.w3.org/2001/04/xmlenc#aes128-cbc", EVP_aes_128_cbc, 16, false},
    {"http://www.w3.org/2001/04/xmlenc#aes192-cbc", EVP_aes_192_cbc, 24, false},
    {"http://www.w3.org/2001/04/xmlenc#aes256-cbc", EVP_aes_256_cbc, 32, false},
}};

struct Digest {
  std::string_view uri;
  const EVP_MD* (*digest)();
};
// SHA-1 inside OAEP is no signature: nothing rests on its collisions, and it is what most providers send.
constexpr std::array<Digest, 4> kOaepDigests{{{"http://www.w3.org/2000/09/xmldsig#sha1", EVP_sha1},
                                              {"http://www.w3.org/2001/04/xmlenc#sha256", EVP_sha256},
                                              {"http://www.w3.org/2001/04/xmldsig-more#sha384", EVP_sha384},
                                              {"http://www.w3.org/2001/04/xmlenc#sha512", EVP_sha512}}};
constexpr std::array<Digest, 4> kMaskDigests{{{"http://www.w3.org/2009/xmlenc11#mgf1sha1", EVP_sha1},
                                              {"http://www.w3.org/2009/xmlenc11#mgf1sha256", EVP_sha256},
                                              {"http://www.w3.org/2009/xmlenc11#mgf1sha384", EVP_sha384},
                                              {"http://www.w3.org/2009/xmlenc11#mgf1sha512", EVP_sha512}}};

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* c) const { EVP_PKEY_CTX_free(c); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

struct Transport {
  const EVP_MD* digest = nullptr;
  const EVP_MD* mask = nullptr;
  Bytes wrapped;
};

std::unexpected<saml::Refusal> misshapen(std::string_view what) {
  return refuse(Rule::encryption_structure, std::string(what));
}

Checked<Bytes> cipher_value(Element parent) {
  auto* data = only_child(parent, kEncryptionNs, "CipherData");
  if (data == nullptr || children(data).size() != 1) return misshapen("CipherData");
  auto* value = only_child(data, kEncryptionNs, "CipherValue");  // a CipherReference would have to be fetched
  if (value == nullptr) return misshapen("CipherData without CipherValue");
  auto bytes = bytes_of(value);
  if (!bytes) return misshapen("CipherValue");
  return std::move(*bytes);
}

template <std::size_t N>
const EVP_MD* digest_named(Element method, std::string_view ns, std::string_view child,
                           const std::array<Digest, N>& digests, bool& ok) {
  const auto elements = children(method, ns, child);
  if (elements.empty()) return EVP_sha1();  // the default of both schemes
  const auto uri = attribute(elements.front(), "Algorithm").value_or("");
  for (const auto& d : digests)
    if (elements.size() == 1 && d.uri == uri) return d.digest();
  ok = false;
  return nullptr;
}

Checked<Transport> read_transport(Element encrypted_key) {
  for (auto* child : children(encrypted_key)) {
    const bool known = is(child, kEncryptionNs, "EncryptionMethod") || is(child, kSignatureNs, "KeyInfo") ||
                       is(child, kEncryptionNs, "CipherData") || is(child, kEncryptionNs, "ReferenceList") ||
                       is(child, kEncryptionNs, "CarriedKeyName");
    if (!known) return misshapen("element in EncryptedKey");
  }
  auto* method = only_child(encrypted_key, kEncryptionNs, "EncryptionMethod");
  if (method == nullptr) return misshapen("EncryptedKey without EncryptionMethod");
  const auto uri = attribute(method, "Algorithm").value_or("");
  // No RSA 1.5: its padding tells, to whoever may ask often, what is in it (Bleichenbacher 1998).
  if (uri != kOaepMgf1p && uri != kOaep11) return refuse(Rule::encryption_algorithm, quote_text(uri));
  if (!children(method, kEncryptionNs, "OAEPparams").empty()) return misshapen("OAEPparams");
  Transport out;
  bool ok = true;
  out.digest = digest_named(method, kSignatureNs, "DigestMethod", kOaepDigests, ok);
  out.mask = uri == kOaep11 ? digest_named(method, kEncryption11Ns, "MGF", kMaskDigests, ok) : EVP_sha1();
  if (!ok) return refuse(Rule::encryption_algorithm, "digest of RSA-OAEP");
  RESCUE_SAML_TRY(out.wrapped, cipher_value(encrypted_key));
  return out;
}

/// Inside the data's KeyInfo, or beside the data.
Checked<Element> find_key(Element encrypted_assertion, Element data) {
  auto keys = children(encrypted_assertion, kEncryptionNs, "EncryptedKey");
  if (auto* info = only_child(data, kSignatureNs, "KeyInfo")) {
    const auto inner = children(info, kEncryptionNs, "EncryptedKey");
    keys.insert(keys.end(), inner.begin(), inner.end());
  }
  if (keys.size() != 1) return misshapen(fmt::format("{} EncryptedKey", keys.size()));
  return keys.front();
}

std::optional<base::SecretBytes> unwrap(const Transport& t, EVP_PKEY* key) {
  const std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext> context(EVP_PKEY_CTX_new(key, nullptr));
  std::size_t n = 0;
  if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), t.digest) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), t.mask) != 1 ||
      EVP_PKEY_decrypt(context.get(), nullptr, &n, t.wrapped.data(), t.wrapped.size()) != 1)
    return std::nullopt;
  Bytes out(n);
  if (EVP_PKEY_decrypt(context.get(), out.data(), &n, t.wrapped.data(), t.wrapped.size()) != 1) return std::nullopt;
  base::SecretBytes secret(Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n)));
  base::wipe(out);
  return secret;
}

std::optional<std::string> open_gcm(const Cipher& c, ByteView key, ByteView sealed) {
  if (sealed.size() < kGcmNonce + kTag) return std::nullopt;
  const auto nonce = sealed.first(kGcmNonce);
  const auto body = sealed.subspan(kGcmNonce, sealed.size() - kGcmNonce - kTag);
  auto tag = base::to_bytes(sealed.last(kTag));
  std::string out(body.size(), '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  int n = 0;
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context || EVP_DecryptInit_ex(context.get(), c.cipher(), nullptr, key.data(), nonce.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), to, &n, body.data(), static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTag), tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), to + n, &n) != 1)
    return std::nullopt;
  return out;
}

/// The last byte says how many are padding; the others of it are arbitrary (xmlenc-core1 section 5.2).
std::optional<std::string> open_cbc(const Cipher& c, ByteView key, ByteView sealed) {
  if (sealed.size() < 2 * kBlock || sealed.size() % kBlock != 0) return std::nullopt;
  const auto body = sealed.subspan(kBlock);
  std::string out(body.size() + kBlock, '\0');
  int n = 0;
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context || EVP_DecryptInit_ex(context.get(), c.cipher(), nullptr, key.data(), sealed.data()) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &n, body.data(),
                        static_cast<int>(body.size())) != 1 ||
      n != static_cast<int>(body.size()))
    return std::nullopt;
  const auto padding = static_cast<unsigned char>(out[body.size() - 1]);
  if (padding == 0 || padding > kBlock) return std::nullopt;
  out.resize(body.size() - padding);
  return out;
}

std::optional<std::string> open_with(const crypto::PrivateKey& key, const Transport& t, const Cipher& c,
                                     ByteView sealed) {
  const auto secret = unwrap(t, key.native());
  ERR_clear_error();
  if (!secret || secret->view().size() != c.key_bytes) return std::nullopt;
  auto out = c.authenticated ? open_gcm(c, secret->view(), sealed) : open_cbc(c, secret->view(), sealed);
  ERR_clear_error();
  return out;
}

Checked<const Cipher*> read_cipher(Element data, bool in_signed_response) {
  auto* method = only_child(data, kEncryptionNs, "EncryptionMethod");
  if (method == nullptr) return misshapen("EncryptedData without EncryptionMethod");
  const auto uri = attribute(method, "Algorithm").value_or("");
  for (const auto& c : kCiphers) {
    if (c.uri != uri) continue;
    if (!c.authenticated && !in_signed_response)
      return refuse(Rule::encryption_algorithm, "AES-CBC in a Response that is not signed");
    return &c;
  }
  return refuse(Rule::encryption_algorithm, quote_text(uri));
}
}  // namespace

Checked<std::string> decrypt_assertion(Element encrypted_assertion, std::span<const base::SecretBytes> keys_pem,
                                       bool in_signed_response) {
  if (keys_pem.empty()) return refuse(Rule::encryption_key);
  auto* data = only_child(encrypted_assertion, kEncryptionNs, "EncryptedData");
  for (auto* child : children(encrypted_assertion))
    if (!is(child, kEncryptionNs, "EncryptedKey") && child != data) return misshapen("element in EncryptedAssertion");
  if (data == nullptr) return misshapen("EncryptedAssertion");
  for (auto* child : children(data)) {
    const bool known = is(child, kEncryptionNs, "EncryptionMethod") || is(child, kSignatureNs, "KeyInfo") ||
                       is(child, kEncryptionNs, "CipherData");
    if (!known) return misshapen("element in EncryptedData");
  }
  if (attribute(data, "Type").value_or(std::string(kElementType)) != kElementType) return misshapen("Type");
  RESCUE_SAML_TRY(const auto* cipher, read_cipher(data, in_signed_response));
  RESCUE_SAML_TRY(const auto key_element, find_key(encrypted_assertion, data));
  RESCUE_SAML_TRY(const auto transport, read_transport(key_element));
  RESCUE_SAML_TRY(const auto sealed, cipher_value(data));
  for (const auto& pem : keys_pem) {
    const auto key = crypto::PrivateKey::from_pem(base::as_text(pem.view()));
    if (!key || key->kind() != crypto::KeyKind::rsa2048) return refuse(Rule::encryption_key, "not an RSA key");
    if (auto text = open_with(*key, transport, *cipher, sealed)) return std::move(*text);
  }
  return refuse(Rule::decryption_failed);
}

}  // namespace rescue::saml_xml
