#include "logic/site/CFileAnswer.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace switchboard {
namespace {

constexpr int64_t kNow = 1795242060;

class CFileAnswerTest : public testing::Test {
 protected:
  CFileAnswerTest() {
    SServedFile gzip;
    gzip.body = "zip";
    gzip.status.st_size = 3;
    gzip.etag = "\"zip\"";
    gzip.fields = "X: zip\r\n";
    m_file.body = "0123456789";
    m_file.status.st_size = 10;
    m_file.etag = "\"plain\"";
    m_file.modified = kNow - 100;
    m_file.type = "text/plain";
    m_file.fields = "X: plain\r\n";
    m_file.p_gzip = std::make_shared<const SServedFile>(std::move(gzip));
  }

  CFileAnswer Answer(const std::vector<SHttpField>& fields, EHttpMethod method = EHttpMethod::kGet) const {
    SHttpRequest request;
    request.method = method;
    for (const SHttpField& field : fields) request.fields[request.fieldCount++] = field;
    return {request, m_file, kNow};
  }

  SServedFile m_file;
};

TEST_F(CFileAnswerTest, IsTheWholeFile) {
  const CFileAnswer answer = Answer({});
  EXPECT_EQ(answer.Status(), 200);
  EXPECT_EQ(&answer.File(), &m_file);
  EXPECT_EQ(answer.BodyBytes(), 10U);
  EXPECT_TRUE(answer.Parts().empty());
}

TEST_F(CFileAnswerTest, IsThePrecompressedFileForThoseWhoTakeIt) {
  const CFileAnswer answer = Answer({{"Accept-Encoding", "gzip"}, {"Range", "bytes=1-"}});
  EXPECT_EQ(&answer.File(), m_file.p_gzip.get());
  EXPECT_EQ(answer.Status(), 206);
  EXPECT_EQ(answer.BodyBytes(), 2U);
  EXPECT_EQ(Answer({{"Accept-Encoding", "gzip"}, {"If-None-Match", "\"zip\""}}).Fields(), "X: zip\r\n");
}

TEST_F(CFileAnswerTest, JudgesConditionsBeforeRanges) {
  EXPECT_EQ(Answer({{"If-None-Match", "\"plain\""}, {"Range", "bytes=0-1"}}).Status(), 304);
  EXPECT_EQ(Answer({{"If-None-Match", "\"plain\""}}, EHttpMethod::kHead).Status(), 304);
  EXPECT_EQ(Answer({{"If-Match", "\"zip\""}, {"Range", "bytes=0-1"}}).Status(), 412);
  EXPECT_EQ(Answer({{"If-Match", "\"plain\""}, {"Range", "bytes=0-1"}}).Status(), 206);
  EXPECT_EQ(Answer({{"If-Range", "\"plain\""}, {"Range", "bytes=0-1"}}).Status(), 206);
  EXPECT_EQ(Answer({{"If-Range", "\"zip\""}, {"Range", "bytes=0-1"}}).Status(), 200);
  EXPECT_EQ(Answer({{"If-Range", "\"zip\""}, {"Range", "bytes=90-"}}).Status(), 200);
  EXPECT_EQ(Answer({{"Range", "bytes=0-1"}}, EHttpMethod::kHead).Status(), 200);
}

TEST_F(CFileAnswerTest, OneRangeIsTheBody) {
  const CFileAnswer answer = Answer({{"Range", "bytes=2-5"}});
  EXPECT_EQ(answer.Status(), 206);
  ASSERT_EQ(answer.Parts().size(), 1U);
  EXPECT_EQ(answer.Parts()[0], (SByteRange{2, 4}));
  EXPECT_EQ(answer.BodyBytes(), 4U);
  EXPECT_EQ(answer.Fields(), "X: plain\r\nContent-Type: text/plain\r\nContent-Range: bytes 2-5/10\r\n");
  EXPECT_EQ(answer.PartHead(answer.Parts()[0]) + answer.PartsEnd(), "");
}

TEST_F(CFileAnswerTest, NoneWithinTheFileIsTold) {
  const CFileAnswer answer = Answer({{"Range", "bytes=10-"}});
  EXPECT_EQ(answer.Status(), 416);
  EXPECT_EQ(answer.Fields(), "Content-Range: bytes */10\r\n");
}

TEST_F(CFileAnswerTest, AnEmptyFileHasNoRanges) {
  m_file.body.clear();
  m_file.status.st_size = 0;
  EXPECT_EQ(Answer({{"Range", "bytes=0-"}}).Status(), 200);
  EXPECT_EQ(Answer({{"Range", "bytes=0-1,4-"}}).Status(), 200);
}

// What a file holds can't be mistaken for the border of a part: nobody knows that before the answer.
TEST_F(CFileAnswerTest, PartsHaveABoundaryOfThisAnswerAlone) {
  std::set<std::string> boundaries;
  for (int i = 0; i < 100; ++i) {
    const CFileAnswer answer = Answer({{"Range", "bytes=0-1,5-7"}});
    EXPECT_EQ(answer.Status(), 206);
    const std::string before = "X: plain\r\nContent-Type: multipart/byteranges; boundary=";
    const std::string fields = answer.Fields();
    ASSERT_TRUE(fields.starts_with(before)) << fields;
    const std::string boundary = fields.substr(before.size(), fields.size() - before.size() - 2);
    EXPECT_EQ(boundary.size(), 32U);
    EXPECT_EQ(boundary.find_first_not_of("0123456789abcdef"), std::string::npos);
    boundaries.insert(boundary);

    ASSERT_EQ(answer.Parts().size(), 2U);
    const std::string head = answer.PartHead(answer.Parts()[1]);
    EXPECT_EQ(head, "\r\n--" + boundary + "\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-7/10\r\n\r\n");
    EXPECT_EQ(answer.PartsEnd(), "\r\n--" + boundary + "--\r\n");
    EXPECT_EQ(answer.BodyBytes(), 2 * head.size() + 5 + answer.PartsEnd().size());
  }
  EXPECT_EQ(boundaries.size(), 100U);
}

}  // namespace
}  // namespace switchboard
