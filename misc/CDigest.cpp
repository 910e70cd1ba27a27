#include "misc/CDigest.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace switchboard {

namespace {

void Check(int result, const char* p_what) {
  if (result != 1) throw std::runtime_error(std::string("libcrypto refused ") + p_what);
}

}  // namespace

void CDigest::SFree::operator()(evp_md_ctx_st* p_context) const { EVP_MD_CTX_free(p_context); }

CDigest::CDigest(EKind kind) : m_p_context(EVP_MD_CTX_new()) {
  const EVP_MD* p_kind = kind == EKind::kSha256 ? EVP_sha256() : EVP_md5();
  Check(m_p_context == nullptr ? 0 : EVP_DigestInit_ex(m_p_context.get(), p_kind, nullptr), "a digest");
}

void CDigest::Update(std::span<const std::byte> bytes) {
  Check(EVP_DigestUpdate(m_p_context.get(), bytes.data(), bytes.size()), "more bytes for a digest");
}

void CDigest::Finish(std::span<uint8_t> digest) {
  const auto bytes = static_cast<size_t>(EVP_MD_CTX_get_size(m_p_context.get()));
  if (digest.size() < bytes) throw std::runtime_error("no room for a digest");
  Check(EVP_DigestFinal_ex(m_p_context.get(), digest.data(), nullptr), "to finish a digest");
}

Sha256Bytes CDigest::Sha256Of(std::span<const std::byte> bytes) {
  CDigest digest(EKind::kSha256);
  digest.Update(bytes);
  Sha256Bytes result;
  digest.Finish(result);
  return result;
}

std::string CDigest::Hex(std::span<const uint8_t> digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace switchboard
