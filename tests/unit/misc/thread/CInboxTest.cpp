#include "misc/thread/CInbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <vector>

#include "misc/thread/CThread.h"

namespace switchboard {
namespace {

bool IsSignalled(const CInbox<int>& inbox) {
  pollfd wanted{inbox.Fd(), POLLIN, 0};
  return ::poll(&wanted, 1, 0) == 1;
}

TEST(CInboxTest, GivesEverythingInTheOrderOfThePosts) {
  CInbox<int> inbox;
  for (int i = 0; i < 3; ++i) inbox.Post(i);
  std::vector<int> notes = {99};
  inbox.Take(notes);
  EXPECT_EQ(notes, (std::vector<int>{0, 1, 2}));
  inbox.Take(notes);
  EXPECT_TRUE(notes.empty());
}

TEST(CInboxTest, SignalsOnlyAReaderThatFoundNothing) {
  CInbox<int> inbox;
  inbox.Post(1);
  EXPECT_FALSE(IsSignalled(inbox)) << "the reader has not gone to sleep yet";
  std::vector<int> notes;
  inbox.Take(notes);
  inbox.Post(2);
  EXPECT_FALSE(IsSignalled(inbox)) << "it found something, so it looks again before it sleeps";
  inbox.Take(notes);
  inbox.Take(notes);
  EXPECT_TRUE(notes.empty());
  inbox.Post(3);
  EXPECT_TRUE(IsSignalled(inbox));
  inbox.ClearSignal();
  inbox.Post(4);
  EXPECT_FALSE(IsSignalled(inbox)) << "one signal is enough";
  inbox.Take(notes);
  EXPECT_EQ(notes, (std::vector<int>{3, 4}));
}

TEST(CInboxTest, NoNoteIsLostBetweenLookingAndSleeping) {
  CInbox<int> inbox;
  constexpr int kNotes = 20000;
  constexpr int kPosters = 3;
  std::vector<CThread> posters;
  for (int poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back("poster", [&inbox, poster] {
      for (int i = 0; i < kNotes; ++i) inbox.Post(poster * kNotes + i);
    });
  }
  std::vector<int> next(kPosters);
  std::vector<int> notes;
  for (int taken = 0; taken < kPosters * kNotes;) {
    inbox.Take(notes);
    for (const int note : notes) EXPECT_EQ(note % kNotes, next[static_cast<size_t>(note / kNotes)]++);
    taken += static_cast<int>(notes.size());
    if (notes.empty()) inbox.Wait(std::nullopt, {});
  }
}

}  // namespace
}  // namespace switchboard
