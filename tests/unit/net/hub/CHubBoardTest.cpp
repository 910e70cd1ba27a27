#include "net/hub/CHubBoard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace switchboard {
namespace {

// Runs it in a process of its own, which ends with what it returns.
template <class Body>
int InAProcess(Body body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(CHubBoardTest, EachProcessWritesItsOwnSeatAndReadsTheOthers) {
  CHubBoard board;
  board.Begin(0, 11);
  board.Begin(1, 12);
  EXPECT_EQ(InAProcess([&] {
              board.KeepOnly(0);
              CHubView(board).Own().names[0].count = 7;
              return 0;
            }),
            0);
  EXPECT_EQ(InAProcess([&] {
              board.KeepOnly(1);
              CHubView view(board);
              if (view.Seats() != 2 || view.ProcessOf(0) != 11 || view.ProcessOf(1) != 12) return 1;
              const SHubSeat* const p_other = view.Seat(0);
              if (p_other->names[0].count != 7) return 2;
              // Not even by force.
              auto* const p_bytes = const_cast<SHubSeat*>(p_other);
              if (mprotect(p_bytes, 4096, PROT_READ | PROT_WRITE) == 0 || errno != EACCES) return 3;
              return 0;
            }),
            0);
}

TEST(CHubBoardTest, NoWorkerOpensItAnew) {
  CHubBoard board;
  board.Begin(0, 11);
  EXPECT_EQ(InAProcess([&] {
              board.KeepOnly(0);
              // As server.user, where there is one.
              constexpr uid_t kNobody = 65534;
              if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) return 1;
              prctl(PR_SET_DUMPABLE, 1);
              int found = 0;
              for (int fd = 3; fd < 256; ++fd) {
                const std::string name = "/proc/self/fd/" + std::to_string(fd);
                std::error_code error;
                const std::string target = std::filesystem::read_symlink(name, error).string();
                if (error || target.find("memfd:hub") == std::string::npos) continue;
                ++found;
                if (open(name.c_str(), O_RDONLY | O_CLOEXEC) < 0) return 2;
                if (open(name.c_str(), O_RDWR | O_CLOEXEC) >= 0 || errno != EACCES) return 3;
              }
              return found > 0 ? 0 : 4;
            }),
            0);
}

TEST(CHubBoardTest, ASeatIsEmptyForItsNextProcess) {
  CHubBoard board;
  board.Begin(0, 11);
  EXPECT_EQ(InAProcess([&] {
              board.KeepOnly(0);
              CHubView(board).Own().names[0].count = 7;
              return 0;
            }),
            0);
  board.End(0);
  board.Begin(0, 12);
  EXPECT_EQ(InAProcess([&] {
              board.KeepOnly(0);
              const CHubView view(board);
              return view.Own().names[0].count == 0 && view.ProcessOf(0) == 12 ? 0 : 1;
            }),
            0);
}

TEST(CHubBoardTest, AHashIsTheSameInAllProcessesOfAServerAndOfNoOther) {
  CHubBoard board;
  CHubBoard stranger;
  board.Begin(0, 11);
  stranger.Begin(0, 11);
  const uint64_t hash = CHubView(board).Hash(ENameKind::kRoom, "lobby");
  EXPECT_EQ(InAProcess([&] {
              board.KeepOnly(0);
              const CHubView view(board);
              const bool isOther = view.Hash(ENameKind::kUser, "lobby") != hash;
              return view.Hash(ENameKind::kRoom, "lobby") == hash && isOther ? 0 : 1;
            }),
            0);
  EXPECT_NE(CHubView(stranger).Hash(ENameKind::kRoom, "lobby"), hash);
}

}  // namespace
}  // namespace switchboard
