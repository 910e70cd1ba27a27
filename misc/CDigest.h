#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): the name is OpenSSL's
struct evp_md_ctx_st;

namespace switchboard {

using Sha256Bytes = std::array<uint8_t, 32>;
using Md5Bytes = std::array<uint8_t, 16>;

// The digest of a run of bytes that comes in pieces: SHA-256 (FIPS 180-4) or MD5 (RFC 1321), as sha256sum and md5sum
// print them. MD5 is for comparing with what others have published; it proves nothing against a forger.
// Threads: one owner at a time.
class CDigest {
 public:
  enum class EKind : uint8_t { kSha256, kMd5 };

  // Throws std::runtime_error when the library refuses the kind, as one in FIPS mode does MD5.
  explicit CDigest(EKind kind);

  void Update(std::span<const std::byte> bytes);
  // The digest of all that came before, 32 or 16 bytes; the object is used up. Throws std::runtime_error when
  // `digest` is smaller.
  void Finish(std::span<uint8_t> digest);

  static Sha256Bytes Sha256Of(std::span<const std::byte> bytes);
  // Lower-case hexadecimal digits.
  static std::string Hex(std::span<const uint8_t> digest);

 private:
  struct SFree {
    void operator()(evp_md_ctx_st* p_context) const;
  };
  std::unique_ptr<evp_md_ctx_st, SFree> m_p_context;
};

}  // namespace switchboard
