#include "misc/CDigest.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/CTemporaryFolder.h"

namespace switchboard {
namespace {

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string DigestOf(CDigest::EKind kind, std::string_view text) {
  CDigest digest(kind);
  digest.Update(BytesOf(text));
  std::array<uint8_t, 32> bytes{};
  digest.Finish(bytes);
  return CDigest::Hex(std::span(bytes).first(kind == CDigest::EKind::kSha256 ? 32 : 16));
}

// The first word that a program of the system prints about a file.
std::string Tool(const char* p_program, const std::string& file) {
  FILE* p_pipe = ::popen((p_program + (" '" + file + "'")).c_str(), "r");
  char digest[129] = "";
  EXPECT_EQ(std::fscanf(p_pipe, "%128s", digest), 1);
  ::pclose(p_pipe);
  return digest;
}

// The examples of FIPS 180-4's publisher and of RFC 1321.
TEST(CDigestTest, MakesThePublishedDigests) {
  EXPECT_EQ(DigestOf(CDigest::EKind::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(DigestOf(CDigest::EKind::kSha256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(DigestOf(CDigest::EKind::kMd5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(DigestOf(CDigest::EKind::kMd5, "message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(CDigestTest, AgreesWithTheToolsOfTheSystemAtEverySize) {
  const CTemporaryFolder folder;
  for (const size_t size : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 119U, 120U, 100'000U}) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + size);
    folder.Write("file", text);
    const std::string file = (folder.Path() / "file").string();
    EXPECT_EQ(DigestOf(CDigest::EKind::kSha256, text), Tool("sha256sum", file)) << size;
    EXPECT_EQ(DigestOf(CDigest::EKind::kMd5, text), Tool("md5sum", file)) << size;
  }
}

TEST(CDigestTest, TheCutsBetweenThePiecesDontCount) {
  const std::string text(1000, 'x');
  const std::string whole = CDigest::Hex(CDigest::Sha256Of(BytesOf(text)));
  for (const size_t cut : {0U, 1U, 64U, 65U, 999U, 1000U}) {
    CDigest digest(CDigest::EKind::kSha256);
    digest.Update(BytesOf(std::string_view(text).substr(0, cut)));
    digest.Update(BytesOf(std::string_view(text).substr(cut)));
    Sha256Bytes bytes{};
    digest.Finish(bytes);
    EXPECT_EQ(CDigest::Hex(bytes), whole) << cut;
  }
}

TEST(CDigestTest, RefusesTooLittleRoom) {
  CDigest digest(CDigest::EKind::kSha256);
  Md5Bytes tooShort{};
  EXPECT_THROW(digest.Finish(tooShort), std::runtime_error);
}

}  // namespace
}  // namespace switchboard
