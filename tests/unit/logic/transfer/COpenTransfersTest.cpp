#include "logic/transfer/COpenTransfers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>

namespace switchboard {
namespace {

class COpenTransfersTest : public testing::Test {
 protected:
  static constexpr CTransferPlaces::SLimits kLimits{6, 4};

  COpenTransfers& Session(uint8_t address) {
    return m_sessions.emplace_back(2, kLimits, m_places, TransferPeer{address});
  }

  CTransferPlaces m_places;
  std::deque<COpenTransfers> m_sessions;
};

TEST_F(COpenTransfersTest, ASessionHasItsNumberAndNoHandleTwice) {
  COpenTransfers& session = Session(1);
  const uint32_t first = session.Add();
  EXPECT_NE(first, 0U);
  EXPECT_NE(session.Add(), 0U);
  EXPECT_EQ(session.Add(), 0U);
  session.Remove(first);
  session.Remove(first);
  EXPECT_EQ(session.Find(first), nullptr);
  const uint32_t third = session.Add();
  EXPECT_GT(third, first);
  EXPECT_NE(session.Find(third), nullptr);
}

TEST_F(COpenTransfersTest, AnAddressLeavesPlacesToTheOthersHoweverManySessionsItHas) {
  for (int i = 0; i < 3; ++i) {
    COpenTransfers& greedy = Session(1);
    const bool isWithin = i < 2;
    EXPECT_EQ(greedy.Add() != 0, isWithin);
    EXPECT_EQ(greedy.Add() != 0, isWithin);
  }
  COpenTransfers& other = Session(2);
  const uint32_t handle = other.Add();
  EXPECT_NE(handle, 0U);
  EXPECT_NE(other.Add(), 0U);
  EXPECT_EQ(Session(3).Add(), 0U) << "all places are taken";
  other.Remove(handle);
  EXPECT_NE(Session(3).Add(), 0U);
}

TEST_F(COpenTransfersTest, WhatASessionHasOpenEndsWithIt) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(Session(1).Add(), 0U);
    EXPECT_NE(Session(1).Add(), 0U);
    m_sessions.clear();
  }
}

}  // namespace
}  // namespace switchboard
