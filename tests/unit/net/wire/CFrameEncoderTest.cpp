#include "net/wire/CFrameEncoder.h"

#include <gtest/gtest.h>

#include "net/wire/CFrameDecoder.h"
#include "tests/support/CTestClient.h"

namespace switchboard {
namespace {

TEST(CFrameEncoderTest, WritesTheDocumentedBytes) {
  // Length 17, code 7, CRC-32 of "123456789" as its definition publishes it.
  const Bytes expected =
      ToBytes(std::string_view("\x00\x11\x00\x07\xcb\xf4\x39\x26"
                               "123456789",
                               17));
  EXPECT_EQ(MakeFrame(7, "123456789"), expected);
}

TEST(CFrameEncoderTest, AnEmptyBodyHasCrcZero) {
  EXPECT_EQ(MakeFrame(0x1234), ToBytes(std::string_view("\x00\x08\x12\x34\x00\x00\x00\x00", 8)));
}

TEST(CFrameEncoderTest, TheHeaderOfABodyInPlaceIsTheSame) {
  Bytes frame(kHeaderBytes);
  Append(frame, ToBytes("in place"));
  CFrameEncoder::WriteHeader(frame.data(), 9, 8);
  EXPECT_EQ(frame, MakeFrame(9, "in place"));
}

TEST(CFrameEncoderTest, TheLargestBodyFillsTheLengthField) {
  const Bytes frame = MakeFrame(1, std::string(kMaxBodyBytes, 'a'));
  EXPECT_EQ(SFrame::BytesAt(frame.data()), kMaxPacketBytes);
  EXPECT_EQ(SFrame::At(frame.data()).body.size(), kMaxBodyBytes);
}

}  // namespace
}  // namespace switchboard
