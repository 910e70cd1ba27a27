#include "net/wire/CFrameDecoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "misc/CCrc32.h"
#include "tests/support/CTestClient.h"

namespace switchboard {
namespace {

constexpr size_t kLimit = 30000;

// Feeds a decoder and keeps every frame that comes out, whole.
class CCollector {
 public:
  explicit CCollector(size_t maxPacketBytes = kLimit) : m_maxPacketBytes(maxPacketBytes) {}

  // False once a bad length was met.
  bool Feed(std::span<const std::byte> input) {
    const CFrameDecoder::SCut cut = m_decoder.Feed(input, m_maxPacketBytes);
    size_t frames = 0;
    for (std::span<const std::byte> part : {cut.head, cut.rest}) {
      while (!part.empty()) {
        const SFrame frame = SFrame::At(part.data());
        m_frames.emplace_back(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(frame.Bytes()));
        part = part.subspan(frame.Bytes());
        ++frames;
      }
    }
    EXPECT_EQ(cut.frames, frames);
    return !cut.isBad;
  }

  const std::vector<Bytes>& Frames() const { return m_frames; }
  CFrameDecoder& Decoder() { return m_decoder; }

 private:
  const size_t m_maxPacketBytes;
  CFrameDecoder m_decoder;
  std::vector<Bytes> m_frames;
};

std::vector<Bytes> SomeFrames() {
  std::vector<Bytes> frames;
  frames.push_back(MakeFrame(0));
  frames.push_back(MakeFrame(7, "x"));
  frames.push_back(MakeFrame(65533, std::string(20, 'y')));
  frames.push_back(MakeFrame(1));
  frames.push_back(MakeFrame(2, std::string(70, '\0')));
  return frames;
}

Bytes Joined(const std::vector<Bytes>& frames) {
  Bytes stream;
  for (const Bytes& frame : frames) Append(stream, frame);
  return stream;
}

Bytes WithLength(uint16_t length) {
  SPacketHeader header{};
  header.pkgLen = length;
  const auto bytes = std::as_bytes(std::span(&header, 1));
  return {bytes.begin(), bytes.end()};
}

TEST(CFrameDecoderTest, CutsAtEverySplitInTwoAndThree) {
  const std::vector<Bytes> frames = SomeFrames();
  const Bytes stream = Joined(frames);
  const std::span<const std::byte> all(stream);
  for (size_t first = 0; first <= all.size(); ++first) {
    for (size_t second = first; second <= all.size(); ++second) {
      CCollector collector;
      ASSERT_TRUE(collector.Feed(all.first(first)));
      ASSERT_TRUE(collector.Feed(all.subspan(first, second - first)));
      ASSERT_TRUE(collector.Feed(all.subspan(second)));
      ASSERT_EQ(collector.Frames(), frames) << first << ' ' << second;
      ASSERT_FALSE(collector.Decoder().HasPartial());
    }
  }
}

TEST(CFrameDecoderTest, CutsByteByByte) {
  const std::vector<Bytes> frames = SomeFrames();
  CCollector collector;
  for (const std::byte byte : Joined(frames)) ASSERT_TRUE(collector.Feed({&byte, 1}));
  EXPECT_EQ(collector.Frames(), frames);
}

TEST(CFrameDecoderTest, CutsAtRandomSplits) {
  std::mt19937 random(20261121);
  for (int round = 0; round < 50; ++round) {
    std::vector<Bytes> frames;
    for (int i = 0; i < 30; ++i) {
      Bytes body(std::uniform_int_distribution<size_t>(0, i % 10 == 0 ? kLimit - kHeaderBytes : 60)(random));
      for (std::byte& byte : body) byte = static_cast<std::byte>(random());
      frames.push_back(MakeFrame(static_cast<uint16_t>(i), body));
    }
    const Bytes stream = Joined(frames);
    std::span<const std::byte> left(stream);
    CCollector collector;
    std::uniform_int_distribution<size_t> most(0, round % 2 == 0 ? 50 : 20000);
    while (!left.empty()) {
      const size_t bytes = std::min(most(random), left.size());
      ASSERT_TRUE(collector.Feed(left.first(bytes)));
      left = left.subspan(bytes);
    }
    ASSERT_EQ(collector.Frames(), frames);
  }
}

TEST(CFrameDecoderTest, EveryLengthUnder8IsBadAsSoonAsItIsThere) {
  for (uint16_t length = 0; length < kHeaderBytes; ++length) {
    const Bytes header = WithLength(length);
    for (size_t arrived = 2; arrived <= header.size(); ++arrived) {
      EXPECT_FALSE(CCollector().Feed(std::span(header).first(arrived))) << length;
    }
    CCollector bytewise;
    EXPECT_TRUE(bytewise.Feed(std::span(header).first(1)));
    EXPECT_FALSE(bytewise.Feed(std::span(header).subspan(1, 1))) << length;
    EXPECT_LE(bytewise.Decoder().PartialBytes(), 2U);
  }
}

TEST(CFrameDecoderTest, ALengthOverTheLimitIsBadAsSoonAsItIsThere) {
  for (const uint32_t limit : {uint32_t{8}, uint32_t{100}, uint32_t{kLimit}, uint32_t{65534}}) {
    const Bytes over = WithLength(static_cast<uint16_t>(limit + 1));
    EXPECT_FALSE(CCollector(limit).Feed(std::span(over).first(2)));
    const Bytes atLimit = WithLength(static_cast<uint16_t>(limit));
    CCollector collector(limit);
    EXPECT_TRUE(collector.Feed(std::span(atLimit).first(2)));
    EXPECT_TRUE(collector.Decoder().HasPartial());
  }
  const Bytes largest = WithLength(65535);
  EXPECT_TRUE(CCollector(kMaxPacketBytes).Feed(std::span(largest).first(2)));
}

TEST(CFrameDecoderTest, WhatComesBeforeABadLengthIsStillCut) {
  const std::vector<Bytes> frames = SomeFrames();
  Bytes stream = Joined(frames);
  Append(stream, WithLength(7));
  Append(stream, MakeFrame(0));
  for (size_t split = 0; split <= stream.size(); ++split) {
    CCollector collector;
    if (collector.Feed(std::span(stream).first(split))) {
      EXPECT_FALSE(collector.Feed(std::span(stream).subspan(split)));
    }
    EXPECT_EQ(collector.Frames(), frames) << split;
  }
}

TEST(CFrameDecoderTest, TheLargestPacketGoesThrough) {
  const Bytes frame = MakeFrame(7, std::string(kMaxBodyBytes, 'z'));
  ASSERT_EQ(frame.size(), kMaxPacketBytes);
  CCollector collector(kMaxPacketBytes);
  EXPECT_TRUE(collector.Feed(std::span(frame).first(40000)));
  EXPECT_TRUE(collector.Feed(std::span(frame).subspan(40000)));
  EXPECT_EQ(collector.Frames(), std::vector<Bytes>{frame});
}

TEST(CFrameDecoderTest, KeepsOnlyWhatHasArrived) {
  const Bytes frame = MakeFrame(7, std::string(29000, 'z'));
  CFrameDecoder decoder;
  for (size_t arrived = 1; arrived < frame.size(); ++arrived) {
    decoder.Feed(std::span(frame).subspan(arrived - 1, 1), kLimit);
    ASSERT_EQ(decoder.PartialBytes(), arrived);
    ASSERT_LE(decoder.PartialCapacity(), 2 * arrived);
  }
  const CFrameDecoder::SCut cut = decoder.Feed(std::span(frame).last(1), kLimit);
  EXPECT_EQ(cut.frames, 1U);
  EXPECT_EQ(decoder.PartialCapacity(), 0U) << "an idle stream owns nothing";
}

TEST(CFrameDecoderTest, ClearForgetsTheStartedFrame) {
  const Bytes frame = MakeFrame(7, "abc");
  CCollector collector;
  collector.Feed(std::span(frame).first(9));
  EXPECT_TRUE(collector.Decoder().HasPartial());
  collector.Decoder().Clear();
  EXPECT_FALSE(collector.Decoder().HasPartial());
  EXPECT_EQ(collector.Decoder().PartialCapacity(), 0U);
  EXPECT_TRUE(collector.Feed(MakeFrame(1)));
  EXPECT_EQ(collector.Frames(), std::vector<Bytes>{MakeFrame(1)});
}

// A flipped bit in the body or the CRC fails the check; one in the code gives another, whole frame; one in the length
// is bad, waits for more, or cuts elsewhere, but never reads beyond the input.
TEST(CFrameDecoderTest, EveryBitFlipOfASmallPacketIsMet) {
  const Bytes good = MakeFrame(7, "small body");
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    CCollector collector;
    const bool isGood = collector.Feed(flipped);
    if (bit < 16) {
      const size_t length = SFrame::BytesAt(flipped.data());
      EXPECT_EQ(isGood, length >= kHeaderBytes && length <= kLimit);
      if (!isGood || length > good.size()) {
        EXPECT_TRUE(collector.Frames().empty());
      } else {
        ASSERT_FALSE(collector.Frames().empty());
        const SFrame frame = SFrame::At(collector.Frames().front().data());
        EXPECT_NE(CCrc32::Of(frame.body), frame.crc32) << "a shorter body can't have the CRC of the whole one";
      }
      continue;
    }
    ASSERT_TRUE(isGood);
    ASSERT_EQ(collector.Frames().size(), 1U);
    const SFrame frame = SFrame::At(collector.Frames().front().data());
    EXPECT_EQ(CCrc32::Of(frame.body) == frame.crc32, bit < 32) << "bit " << bit;
    EXPECT_EQ(frame.msgCode == 7, bit >= 32);
  }
}

}  // namespace
}  // namespace switchboard
