#include "misc/CFrameRecord.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace switchboard {
namespace {

std::vector<std::byte> Bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> RecordOfTwo() {
  std::vector<std::byte> record;
  CFrameRecord::AppendMagic(record);
  const std::vector<std::byte> first = Bytes("first");
  CFrameRecord::Append(record, {0, 7, EDirection::kToServer, first});
  CFrameRecord::Append(record, {0x0102030405060708, 0xfffefdfc, EDirection::kToClient, {}});
  return record;
}

TEST(CFrameRecordTest, TheBytesAreThoseOfThePage) {
  const std::string expected(
      "SBREC1\n"
      "\0\0\0\0\0\0\0\0\0\0\0\7\0\0\0\0\5first"
      "\1\2\3\4\5\6\7\10\xff\xfe\xfd\xfc\1\0\0\0\0",
      7 + 17 + 5 + 17);
  EXPECT_EQ(RecordOfTwo(), Bytes(expected));
}

TEST(CFrameRecordTest, WhatIsWrittenIsRead) {
  const std::vector<std::byte> bytes = RecordOfTwo();
  CFrameRecord record(bytes);
  const auto first = record.Next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->atNs, 0U);
  EXPECT_EQ(first->connection, 7U);
  EXPECT_EQ(first->direction, EDirection::kToServer);
  EXPECT_EQ(std::vector<std::byte>(first->bytes.begin(), first->bytes.end()), Bytes("first"));
  EXPECT_FALSE(record.IsAtEnd());
  const auto second = record.Next();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->atNs, 0x0102030405060708U);
  EXPECT_EQ(second->connection, 0xfffefdfcU);
  EXPECT_EQ(second->direction, EDirection::kToClient);
  EXPECT_TRUE(second->bytes.empty());
  EXPECT_FALSE(record.Next().has_value());
  EXPECT_TRUE(record.IsAtEnd());
}

TEST(CFrameRecordTest, ARecordThatIsCutGivesWhatIsWhole) {
  const std::vector<std::byte> whole = RecordOfTwo();
  for (size_t size = CFrameRecord::kMagic.size(); size < whole.size(); ++size) {
    CFrameRecord record(std::span<const std::byte>(whole).first(size));
    const size_t firstEnd = CFrameRecord::kMagic.size() + CFrameRecord::kEntryHeaderBytes + 5;
    EXPECT_EQ(record.Next().has_value(), size >= firstEnd) << size;
    EXPECT_FALSE(record.Next().has_value()) << size;
    const bool isWhole = size == CFrameRecord::kMagic.size() || size == firstEnd;
    EXPECT_EQ(record.IsAtEnd(), isWhole) << size;
  }
}

TEST(CFrameRecordTest, NonsenseEndsTheRecord) {
  std::vector<std::byte> wrongDirection = RecordOfTwo();
  wrongDirection[7 + 12] = std::byte{2};
  EXPECT_FALSE(CFrameRecord(wrongDirection).Next().has_value());
  std::vector<std::byte> tooLong = RecordOfTwo();
  tooLong[7 + 14] = std::byte{1};  // 65536 + 5 bytes
  tooLong.resize(100000);
  EXPECT_FALSE(CFrameRecord(tooLong).Next().has_value());
}

TEST(CFrameRecordTest, WhatIsNoRecordIsRefused) {
  for (const char* p_text : {"", "SBREC1", "SBREC2\n", "\0SBREC1\n"}) {
    const std::vector<std::byte> bytes = Bytes(p_text);
    EXPECT_THROW(CFrameRecord{bytes}, std::runtime_error) << p_text;
  }
}

}  // namespace
}  // namespace switchboard
