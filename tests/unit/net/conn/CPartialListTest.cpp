#include "net/conn/CPartialList.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>

namespace switchboard {
namespace {

class CStubInput final : public CInput {
 public:
  using CInput::CInput;
  size_t HeldBytes() const override { return 0; }
};

class CPartialListTest : public testing::Test {
 protected:
  CPartialListTest() {
    for (CConnection& connection : m_connections) connection.read.p_input = std::make_unique<CStubInput>(connection);
  }
  MonotonicTime At(int seconds) const { return MonotonicTime(std::chrono::seconds(seconds)); }

  std::array<CConnection, 3> m_connections;
  CPartialList m_list;
};

TEST_F(CPartialListTest, TheOldestIsFirst) {
  EXPECT_EQ(m_list.First(), nullptr);
  for (int i = 0; i < 3; ++i) m_list.Add(m_connections[static_cast<size_t>(i)], At(i));
  for (int i = 0; i < 3; ++i) {
    CConnection& connection = m_connections[static_cast<size_t>(i)];
    EXPECT_EQ(m_list.First(), &connection);
    EXPECT_EQ(m_list.FirstDeadline(), At(i));
    EXPECT_TRUE(connection.read.p_input->IsListed());
    m_list.Remove(connection);
    EXPECT_FALSE(connection.read.p_input->IsListed());
  }
  EXPECT_EQ(m_list.First(), nullptr);
}

TEST_F(CPartialListTest, AnyOneCanLeave) {
  for (size_t leaver = 0; leaver < 3; ++leaver) {
    for (int i = 0; i < 3; ++i) m_list.Add(m_connections[static_cast<size_t>(i)], At(i));
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
  m_list.Add(m_connections[1], At(1));
  m_list.Remove(m_connections[0]);
  EXPECT_EQ(m_list.First(), &m_connections[1]);
  m_list.Remove(m_connections[1]);
  m_list.Remove(m_connections[1]);
  EXPECT_EQ(m_list.First(), nullptr);
}

TEST_F(CPartialListTest, WhoIsThereKeepsItsPlaceAndDeadline) {
  m_list.Add(m_connections[0], At(1));
  m_list.Add(m_connections[1], At(2));
  m_list.Add(m_connections[0], At(3));
  EXPECT_EQ(m_list.First(), &m_connections[0]);
  EXPECT_EQ(m_list.FirstDeadline(), At(1));
}

TEST_F(CPartialListTest, WhoComesBackIsLast) {
  m_list.Add(m_connections[0], At(1));
  m_list.Add(m_connections[1], At(2));
  m_list.Remove(m_connections[0]);
  m_list.Add(m_connections[0], At(3));
  EXPECT_EQ(m_list.First(), &m_connections[1]);
  m_list.Remove(m_connections[1]);
  EXPECT_EQ(m_list.FirstDeadline(), At(3));
}

TEST_F(CPartialListTest, WhatIsDroppedLeaves) {
  m_list.Add(m_connections[0], At(1));
  m_list.Add(m_connections[1], At(2));
  m_connections[0].read.p_input.reset();
  EXPECT_EQ(m_list.First(), &m_connections[1]);
  m_connections[1].read.p_input.reset();
  EXPECT_EQ(m_list.First(), nullptr);
}

}  // namespace
}  // namespace switchboard
