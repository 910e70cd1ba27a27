#include "net/conn/CPartialList.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace switchboard {
namespace {

class CPartialListTest : public testing::Test {
 protected:
  MonotonicTime At(int seconds) const { return MonotonicTime(std::chrono::seconds(seconds)); }

  CPartialList m_list;
  std::array<CConnection, 3> m_connections;
};

TEST_F(CPartialListTest, TheOldestIsFirst) {
  EXPECT_EQ(m_list.First(), nullptr);
  for (int i = 0; i < 3; ++i) m_list.PushBack(m_connections[static_cast<size_t>(i)], At(i));
  for (CConnection& connection : m_connections) {
    EXPECT_EQ(m_list.First(), &connection);
    EXPECT_TRUE(connection.isPartialListed);
    m_list.Remove(connection);
    EXPECT_FALSE(connection.isPartialListed);
  }
  EXPECT_EQ(m_list.First(), nullptr);
}

TEST_F(CPartialListTest, AnyOneCanLeave) {
  for (size_t leaver = 0; leaver < 3; ++leaver) {
    for (int i = 0; i < 3; ++i) m_list.PushBack(m_connections[static_cast<size_t>(i)], At(i));
    m_list.Remove(m_connections[leaver]);
    for (size_t i = 0; i < 3; ++i) {
      if (i == leaver) continue;
      EXPECT_EQ(m_list.First(), &m_connections[i]);
      m_list.Remove(m_connections[i]);
    }
    EXPECT_EQ(m_list.First(), nullptr);
  }
}

TEST_F(CPartialListTest, ToLeaveTwiceOrUninvitedIsNothing) {
  m_list.Remove(m_connections[0]);
  m_list.PushBack(m_connections[1], At(1));
  m_list.Remove(m_connections[0]);
  EXPECT_EQ(m_list.First(), &m_connections[1]);
  m_list.Remove(m_connections[1]);
  m_list.Remove(m_connections[1]);
  EXPECT_EQ(m_list.First(), nullptr);
}

TEST_F(CPartialListTest, WhoComesBackIsLast) {
  m_list.PushBack(m_connections[0], At(1));
  m_list.PushBack(m_connections[1], At(2));
  m_list.Remove(m_connections[0]);
  m_list.PushBack(m_connections[0], At(3));
  EXPECT_EQ(m_list.First(), &m_connections[1]);
  EXPECT_EQ(m_connections[0].partialDeadline, At(3));
}

}  // namespace
}  // namespace switchboard
