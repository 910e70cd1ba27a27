#include "net/http/CHttpConditions.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/CTestRequest.h"

namespace switchboard {
namespace {

constexpr int64_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr int64_t kNow = kModified + 100;
const std::string kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

struct SCase {
  std::string fields;
  int status;  // 200: proceed
};

int Judged(const std::string& fields, const std::string& line = "GET / HTTP/1.1", const char* p_etag = "\"a\"") {
  const CTestRequest request(fields, line);
  EXPECT_EQ(request.Status(), 0) << fields;
  switch (CHttpConditions::Judge(request.Get(), {p_etag, kModified}, kNow)) {
    case ECondition::kProceed:
      return 200;
    case ECondition::kNotModified:
      return 304;
    case ECondition::kFailed:
      return 412;
  }
  return 0;
}

TEST(CHttpConditionsTest, Table) {
  const SCase cases[] = {
      {"", 200},
      // If-None-Match.
      {"If-None-Match: \"a\"\r\n", 304},
      {"If-None-Match: W/\"a\"\r\n", 304},
      {"If-None-Match: \"b\"\r\n", 200},
      {"If-None-Match: \"A\"\r\n", 200},
      {"If-None-Match: *\r\n", 304},
      {"If-None-Match: \"b\", \"a\"\r\n", 304},
      {"If-None-Match: \"b\",W/\"a\"\r\n", 304},
      {"If-None-Match: , \"b\" ,, \"a\"\r\n", 304},
      {"If-None-Match: \"b,\\\", \"a\"\r\n", 304},
      {"If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", 304},
      {"if-none-match: \"b\", \"c\"\r\n", 200},
      {"If-None-Match: a\r\n", 200},
      {"If-None-Match: \"a\r\n", 200},
      {"If-None-Match: a\"\r\n", 200},
      {"If-None-Match: w/\"a\"\r\n", 200},
      {"If-None-Match: W/a\r\n", 200},
      {"If-None-Match: \r\n", 200},
      {"If-None-Match: \"b\" \"a\"\r\n", 200},
      {"If-None-Match: \"b\", *\r\n", 200},
      {"If-None-Match: \"a \"\r\n", 200},
      // If-Modified-Since.
      {"If-Modified-Since: " + kSame + "\r\n", 304},
      {"If-Modified-Since: " + kAfter + "\r\n", 304},
      {"If-Modified-Since: " + kBefore + "\r\n", 200},
      {"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 304},
      {"If-Modified-Since: yesterday\r\n", 200},
      {"If-Modified-Since: " + kSame + "\r\nIf-Modified-Since: " + kSame + "\r\n", 200},
      {"If-Modified-Since: " + kSame + "\r\nIf-None-Match: \"b\"\r\n", 200},
      {"If-Modified-Since: " + kBefore + "\r\nIf-None-Match: \"a\"\r\n", 304},
      // If-Match.
      {"If-Match: \"a\"\r\n", 200},
      {"If-Match: *\r\n", 200},
      {"If-Match: \"b\"\r\n", 412},
      {"If-Match: W/\"a\"\r\n", 412},
      {"If-Match: \"b\", \"a\"\r\n", 200},
      {"If-Match: a\r\n", 412},
      {"If-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", 412},
      {"If-Match: \"a\"\r\nIf-None-Match: \"a\"\r\n", 304},
      // If-Unmodified-Since.
      {"If-Unmodified-Since: " + kSame + "\r\n", 200},
      {"If-Unmodified-Since: " + kBefore + "\r\n", 412},
      {"If-Unmodified-Since: x\r\n", 200},
      {"If-Unmodified-Since: " + kBefore + "\r\nIf-Match: \"a\"\r\n", 200},
      {"If-Unmodified-Since: " + kSame + "\r\nIf-Modified-Since: " + kSame + "\r\n", 304},
  };
  for (const SCase& test : cases) {
    EXPECT_EQ(Judged(test.fields), test.status) << test.fields;
    EXPECT_EQ(Judged(test.fields, "HEAD / HTTP/1.1"), test.status) << test.fields;
  }
}

TEST(CHttpConditionsTest, OtherMethodsFailWhereReadingWouldNot) {
  EXPECT_EQ(Judged("If-None-Match: \"a\"\r\n", "PUT / HTTP/1.1"), 412);
  EXPECT_EQ(Judged("If-None-Match: *\r\n", "PUT / HTTP/1.1"), 412);
  EXPECT_EQ(Judged("If-Modified-Since: " + kSame + "\r\n", "PUT / HTTP/1.1"), 200);
}

TEST(CHttpConditionsTest, AWeakTagNeverMatchesStrongly) {
  EXPECT_EQ(Judged("If-Match: W/\"a\"\r\n", "GET / HTTP/1.1", "W/\"a\""), 412);
  EXPECT_EQ(Judged("If-Match: \"a\"\r\n", "GET / HTTP/1.1", "W/\"a\""), 412);
  EXPECT_EQ(Judged("If-None-Match: \"a\"\r\n", "GET / HTTP/1.1", "W/\"a\""), 304);
}

TEST(CHttpConditionsTest, IfRange) {
  const auto isValid = [](const std::string& fields, const char* p_etag = "\"a\"", int64_t now = kNow) {
    const CTestRequest request(fields);
    return CHttpConditions::IsRangeValid(request.Get(), {p_etag, kModified}, now);
  };
  EXPECT_TRUE(isValid(""));
  EXPECT_TRUE(isValid("If-Range: \"a\"\r\n"));
  EXPECT_FALSE(isValid("If-Range: \"b\"\r\n"));
  EXPECT_FALSE(isValid("If-Range: W/\"a\"\r\n"));
  EXPECT_FALSE(isValid("If-Range: W/\"a\"\r\n", "W/\"a\""));
  EXPECT_FALSE(isValid("If-Range: \"a\", \"a\"\r\n"));
  EXPECT_FALSE(isValid("If-Range: *\r\n"));
  EXPECT_FALSE(isValid("If-Range:\r\n"));
  EXPECT_TRUE(isValid("If-Range: " + kSame + "\r\n"));
  EXPECT_FALSE(isValid("If-Range: " + kAfter + "\r\n"));
  EXPECT_FALSE(isValid("If-Range: " + kBefore + "\r\n"));
  EXPECT_FALSE(isValid("If-Range: " + kSame + "\r\n", "\"a\"", kModified)) << "the second isn't over";
}

TEST(CHttpConditionsTest, ATagChangesWithTimeAndSize) {
  struct stat status {};
  status.st_mtim = {.tv_sec = 1, .tv_nsec = 15};
  status.st_size = 255;
  EXPECT_EQ(CHttpConditions::MakeEtag(status), "\"3b9aca0f-ff\"");
  EXPECT_EQ(CHttpConditions::MakeEtag(status, true), "W/\"3b9aca0f-ff\"");
  status.st_mtim.tv_nsec = 16;
  EXPECT_EQ(CHttpConditions::MakeEtag(status), "\"3b9aca10-ff\"");
}

}  // namespace
}  // namespace switchboard
