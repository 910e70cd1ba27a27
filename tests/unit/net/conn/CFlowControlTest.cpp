#include "net/conn/CFlowControl.h"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "tests/support/CStubProtocol.h"

namespace switchboard {
namespace {

constexpr uint32_t kBlocks = 10;
constexpr uint32_t kRequests = 100;

class CFlowControlTest : public testing::Test {
 protected:
  CFlowControlTest() { m_connection.Open(CFd(), {}, {}, m_protocol); }

  BlockPtr Block(size_t bytes) {
    BlockPtr p_block = m_buffers.Get(bytes);
    p_block->Append(std::vector<std::byte>(bytes));
    return p_block;
  }
  void Post(uint32_t blocks, uint32_t requests = 1) {
    for (uint32_t i = 0; i < blocks; ++i) {
      BlockPtr p_block = Block(1);
      m_connection.mailbox.Charge(*p_block, requests);
      m_connection.mailbox.Post(std::move(p_block));
    }
  }
  size_t Resumptions() {
    std::vector<IoNote> notes;
    m_inboxes.io.Take(notes);
    for (const IoNote& note : notes) EXPECT_EQ(std::get<io_note::SResumeRead>(note).session, m_connection.Session());
    return notes.size();
  }
  void Relieve() { m_flowControl.Relieve(m_connection); }

  CStubProtocol m_protocol;
  CBufferPool m_buffers;
  SInboxes m_inboxes{1};
  const size_t m_memory = m_buffers.Get(1)->Memory();
  CFlowControl m_flowControl{m_inboxes, static_cast<uint32_t>(kBlocks* m_memory), kRequests};
  CConnection m_connection;
};

TEST_F(CFlowControlTest, RestsAboveTheLimitOnly) {
  Post(kBlocks);
  EXPECT_FALSE(m_flowControl.ShouldRest(m_connection));
  Post(1);
  EXPECT_TRUE(m_flowControl.ShouldRest(m_connection));
}

TEST_F(CFlowControlTest, CountsUnprocessedAndUnsentTogether) {
  Post(kBlocks / 2);
  for (uint32_t i = 0; i <= kBlocks / 2; ++i) m_connection.outbox.Append(1, Block(1), 100 * 1024);
  EXPECT_TRUE(m_flowControl.ShouldRest(m_connection));
}

TEST_F(CFlowControlTest, ResumesOnceAtHalfOfTheLimit) {
  Post(kBlocks + 1);
  ASSERT_TRUE(m_flowControl.ShouldRest(m_connection));
  m_connection.mailbox.Done(kBlocks / 2 * m_memory, kBlocks / 2);
  Relieve();
  EXPECT_EQ(Resumptions(), 0U) << "6 are left";
  m_connection.mailbox.Done(m_memory, 1);
  Relieve();
  Relieve();
  EXPECT_EQ(Resumptions(), 1U);
  EXPECT_FALSE(m_connection.isReadPaused);
}

TEST_F(CFlowControlTest, RestsAtTheShareOfRequestsAndResumesAtHalfOfIt) {
  Post(1, kRequests - 1);
  EXPECT_FALSE(m_flowControl.ShouldRest(m_connection));
  Post(1, 1);
  ASSERT_TRUE(m_flowControl.ShouldRest(m_connection));
  m_connection.mailbox.Done(0, kRequests / 2 - 1);
  Relieve();
  EXPECT_EQ(Resumptions(), 0U);
  m_connection.mailbox.Done(0, 1);
  Relieve();
  EXPECT_EQ(Resumptions(), 1U);
}

TEST_F(CFlowControlTest, RestsForWhatIsUnsentBeforeThatWhereTheProtocolSaysSo) {
  m_connection.mostUnsent = static_cast<uint32_t>(m_memory);
  m_connection.outbox.Append(1, Block(1), 100 * 1024);
  EXPECT_FALSE(m_flowControl.ShouldRest(m_connection));
  m_connection.outbox.Append(1, Block(1), 100 * 1024);
  EXPECT_TRUE(m_flowControl.ShouldRest(m_connection));
}

TEST_F(CFlowControlTest, WhoNeverRestedIsNotResumed) {
  Post(1);
  m_connection.mailbox.Done(m_memory, 1);
  Relieve();
  EXPECT_EQ(Resumptions(), 0U);
}

}  // namespace
}  // namespace switchboard
