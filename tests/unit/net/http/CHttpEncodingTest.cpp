#include "net/http/CHttpEncoding.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/CTestRequest.h"

namespace switchboard {
namespace {

TEST(CHttpEncodingTest, Table) {
  const struct {
    std::string fields;
    bool isAccepted;
  } cases[] = {
      {"", false},
      {"Accept-Encoding: gzip\r\n", true},
      {"Accept-Encoding: GZIP\r\n", true},
      {"Accept-Encoding: x-gzip\r\n", true},
      {"Accept-Encoding: gzip, deflate, br\r\n", true},
      {"Accept-Encoding: deflate , gzip;q=0.5\r\n", true},
      {"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true},
      {"Accept-Encoding: gzip ; Q=1\r\n", true},
      {"Accept-Encoding: gzip;q=0.001\r\n", true},
      {"Accept-Encoding: gzip;q=1.000\r\n", true},
      {"Accept-Encoding: gzip;q=0.\r\n", false},
      {"Accept-Encoding: *\r\n", true},
      {"Accept-Encoding: *;q=0.1\r\n", true},
      {"Accept-Encoding: identity;q=0.5, gzip;q=0.5\r\n", true},
      {"Accept-Encoding: identity;q=0, *\r\n", true},
      {"Accept-Encoding:\r\n", false},
      {"Accept-Encoding: br, deflate\r\n", false},
      {"Accept-Encoding: gzipped\r\n", false},
      {"Accept-Encoding: identity\r\n", false},
      {"Accept-Encoding: gzip;q=0\r\n", false},
      {"Accept-Encoding: gzip;q=0.000\r\n", false},
      {"Accept-Encoding: *;q=0\r\n", false},
      {"Accept-Encoding: gzip;q=0, *\r\n", false},
      {"Accept-Encoding: identity, gzip;q=0.5\r\n", false},
      {"Accept-Encoding: gzip;q=2\r\n", false},
      {"Accept-Encoding: gzip;q=1.001\r\n", false},
      {"Accept-Encoding: gzip;q=0.0001\r\n", false},
      {"Accept-Encoding: gzip;q=-1\r\n", false},
      {"Accept-Encoding: gzip;q=a\r\n", false},
      {"Accept-Encoding: gzip;q=0.a\r\n", false},
      {"Accept-Encoding: gzip;q=0,5\r\n", false},
      {"Accept-Encoding: gzip;q\r\n", false},
      {"Accept-Encoding: gzip;\r\n", false},
      {"Accept-Encoding: gzip;level=9\r\n", false},
  };
  for (const auto& [fields, isAccepted] : cases) {
    const CTestRequest request(fields);
    EXPECT_EQ(CHttpEncoding::AcceptsGzip(request.Get()), isAccepted) << fields;
  }
}

}  // namespace
}  // namespace switchboard
