#include "client-sim/record/CRecording.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "client-sim/base/CFileMapping.h"
#include "client-sim/record/CFrameRecorder.h"
#include "net/wire/CFrameEncoder.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

using Bytes = std::vector<std::byte>;

Bytes Frame(uint16_t msgCode, size_t bodyBytes = 0) {
  Bytes frame(kHeaderBytes + bodyBytes);
  CFrameEncoder::WriteHeader(frame.data(), msgCode, bodyBytes);
  return frame;
}

class CRecordingTest : public testing::Test {
 protected:
  CRecordingTest() { CFrameRecord::AppendMagic(m_record); }
  void Add(uint64_t atNs, uint32_t connection, EDirection direction, const Bytes& frame) {
    CFrameRecord::Append(m_record, {atNs, connection, direction, frame});
  }

  Bytes m_record;
};

TEST_F(CRecordingTest, SortsByConnectionAndCountsWhatCameBefore) {
  Add(10, 7, EDirection::kToServer, Frame(1, 4));
  Add(20, 3, EDirection::kToServer, Frame(2));
  Add(30, 7, EDirection::kToClient, Frame(1, 4));
  Add(40, 7, EDirection::kToClient, Frame(1));
  Add(50, 7, EDirection::kToServer, Frame(5));
  Add(60, 7, EDirection::kToServer, {});
  Add(70, 3, EDirection::kToClient, Frame(2));
  const CRecording recording(m_record);
  ASSERT_EQ(recording.Connections().size(), 2u);
  const SRecordedConnection& first = recording.Connections()[0];
  EXPECT_EQ(first.number, 7u);
  EXPECT_EQ(first.open, Nanoseconds(10));
  EXPECT_EQ(first.end, Nanoseconds(60));
  ASSERT_EQ(first.steps.size(), 3u);
  EXPECT_EQ(first.steps[0].repliesBefore, 0u);
  EXPECT_EQ(first.steps[1].repliesBefore, 2u);
  EXPECT_TRUE(first.steps[2].frame.empty());
  EXPECT_EQ(first.replies.size(), 2u);
  EXPECT_EQ(recording.Requests(), 3u);
  EXPECT_EQ(recording.Replies(), 3u);
  EXPECT_EQ(recording.Length(), Nanoseconds(70));
  EXPECT_EQ(recording.Peak(), 2u);
  EXPECT_FALSE(recording.IsCutOff());
}

TEST_F(CRecordingTest, AConnectionWithoutAnEndGetsOneBehindItsLastReply) {
  Add(10, 0, EDirection::kToServer, Frame(1));
  Add(30, 0, EDirection::kToClient, Frame(1));
  const CRecording recording(m_record);
  const SRecordedStep& last = recording.Connections()[0].steps.back();
  EXPECT_TRUE(last.frame.empty());
  EXPECT_EQ(last.at, Nanoseconds(30));
  EXPECT_EQ(last.repliesBefore, 1u);
}

TEST_F(CRecordingTest, ThePeakIsOfThoseOpenAtTheSameTime) {
  for (uint32_t i = 0; i < 10; ++i) {
    Add(i * 100, i, EDirection::kToServer, Frame(1));
    Add(i * 100 + 50, i, EDirection::kToServer, {});
  }
  EXPECT_EQ(CRecording(m_record).Peak(), 1u);
}

TEST_F(CRecordingTest, GoAwaysAreNoReplies) {
  Add(10, 0, EDirection::kToServer, Frame(1));
  Add(20, 0, EDirection::kToClient, Frame(kGoAwayCode, 6));
  Add(30, 0, EDirection::kToClient, Frame(1));
  EXPECT_EQ(CRecording(m_record).Replies(), 1u);
}

TEST_F(CRecordingTest, WhatComesBehindAnEndIsPassedOver) {
  Add(10, 0, EDirection::kToServer, {});
  Add(20, 0, EDirection::kToServer, Frame(1));
  const CRecording recording(m_record);
  EXPECT_EQ(recording.Requests(), 0u);
  EXPECT_EQ(recording.Connections()[0].steps.size(), 1u);
}

TEST_F(CRecordingTest, ARecordThatBreaksOffIsGoodUpToThere) {
  Add(10, 0, EDirection::kToServer, Frame(1, 100));
  const size_t first = m_record.size();
  Add(20, 0, EDirection::kToServer, Frame(2, 100));
  for (size_t bytes = first; bytes < m_record.size(); ++bytes) {
    const std::span<const std::byte> cut(m_record.data(), bytes);
    const CRecording recording(cut);
    EXPECT_EQ(recording.Requests(), 1u) << bytes;
    EXPECT_EQ(recording.IsCutOff(), bytes != first) << bytes;
  }
}

TEST_F(CRecordingTest, NoDamageDoesHarm) {
  Add(10, 0, EDirection::kToServer, Frame(1, 20));
  Add(20, 1, EDirection::kToClient, Frame(2, 20));
  Add(30, 0, EDirection::kToServer, {});
  for (size_t at = CFrameRecord::kMagic.size(); at < m_record.size(); ++at) {
    for (const std::byte value : {std::byte{0}, std::byte{0x7f}, std::byte{0xff}}) {
      Bytes damaged = m_record;
      damaged[at] = value;
      const CRecording recording(damaged);
      EXPECT_LE(recording.Requests() + recording.Replies(), 3u);
    }
  }
}

TEST_F(CRecordingTest, WhatIsNoRecordIsRefused) {
  for (size_t bytes = 0; bytes < CFrameRecord::kMagic.size(); ++bytes) {
    const std::span<const std::byte> cut(m_record.data(), bytes);
    EXPECT_THROW(CRecording{cut}, std::runtime_error) << bytes;
  }
  EXPECT_EQ(CRecording(m_record).Connections().size(), 0u);
  m_record[3] = std::byte{'X'};
  EXPECT_THROW(CRecording{m_record}, std::runtime_error);
}

TEST(CFrameRecorderTest, WhatIsRecordedIsReadBack) {
  const std::string path = testing::TempDir() + "frames.sbr";
  constexpr uint32_t kFrames = 2000;
  {
    CFrameRecorder recorder(path);
    for (uint32_t i = 0; i < kFrames; ++i) recorder.Add({i, i % 5, EDirection::kToServer, Frame(1, i)});
    recorder.Add({kFrames, 0, EDirection::kToServer, {}});
    EXPECT_EQ(recorder.Frames(EDirection::kToServer), kFrames);
    EXPECT_EQ(recorder.Error(), 0);
  }
  const CFileMapping file(path);
  const CRecording recording(file.Bytes());
  EXPECT_EQ(recording.Requests(), kFrames);
  EXPECT_EQ(recording.Connections().size(), 5u);
  EXPECT_EQ(recording.Connections()[1].steps[2].frame.size(), kHeaderBytes + 11);
  EXPECT_FALSE(recording.IsCutOff());
}

TEST(CFrameRecorderTest, AFullDiskEndsTheRecordAndNothingElse) {
  CFrameRecorder recorder("/dev/full");
  recorder.Add({0, 0, EDirection::kToServer, Frame(1)});
  recorder.Flush();
  EXPECT_EQ(recorder.Error(), ENOSPC);
  recorder.Add({0, 0, EDirection::kToServer, Frame(1)});
  EXPECT_FALSE(recorder.HasUnflushed());
}

}  // namespace
}  // namespace switchboard::sim
