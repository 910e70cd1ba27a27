#include "net/conn/CFlowControl.h"

#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "tests/support/CStubProtocol.h"

namespace switchboard {
namespace {

constexpr uint32_t kPause = 1000;

class CFlowControlTest : public testing::Test {
 protected:
  CFlowControlTest() { m_connection.Open(CFd(), {}, {}, m_protocol); }

  BlockPtr Block(size_t bytes) {
    BlockPtr p_block = m_buffers.Get(bytes);
    p_block->Append(std::vector<std::byte>(bytes));
    return p_block;
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
  CFlowControl m_flowControl{m_inboxes, kPause};
  CConnection m_connection;
};

TEST_F(CFlowControlTest, RestsAboveTheLimitOnly) {
  m_connection.mailbox.Post(Block(kPause));
  EXPECT_FALSE(m_flowControl.ShouldRest(m_connection));
  m_connection.mailbox.Post(Block(1));
  EXPECT_TRUE(m_flowControl.ShouldRest(m_connection));
}

TEST_F(CFlowControlTest, CountsUnprocessedAndUnsentTogether) {
  m_connection.mailbox.Post(Block(600));
  m_connection.outbox.Append(1, Block(401), 10 * kPause);
  EXPECT_TRUE(m_flowControl.ShouldRest(m_connection));
}

TEST_F(CFlowControlTest, ResumesOnceAtHalfOfTheLimit) {
  m_connection.mailbox.Post(Block(kPause + 1));
  ASSERT_TRUE(m_flowControl.ShouldRest(m_connection));
  m_connection.mailbox.Done(500);
  Relieve();
  EXPECT_EQ(Resumptions(), 0U) << "501 are left";
  m_connection.mailbox.Done(1);
  Relieve();
  Relieve();
  EXPECT_EQ(Resumptions(), 1U);
  EXPECT_FALSE(m_connection.isReadPaused);
}

TEST_F(CFlowControlTest, WhoNeverRestedIsNotResumed) {
  m_connection.mailbox.Post(Block(10));
  m_connection.mailbox.Done(10);
  Relieve();
  EXPECT_EQ(Resumptions(), 0U);
}

}  // namespace
}  // namespace switchboard
