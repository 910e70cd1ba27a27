#include "proc/start/CActivation.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>

#include "proc/sys/CSocketAddress.h"

namespace switchboard {
namespace {

CFd Bound(bool isListening) {
  CFd fd(socket(AF_INET, SOCK_STREAM, 0));
  const CSocketAddress address("127.0.0.1", 0);
  EXPECT_EQ(bind(fd.Get(), address.Data(), address.Size()), 0);
  if (isListening) {
    EXPECT_EQ(listen(fd.Get(), 1), 0);
  }
  return fd;
}

// Descriptors 3 and up are the test's own here, so a child plays the service.
bool HoldsInAService(const CFd& socket, const std::function<bool()>& check) {
  const pid_t pid = fork();
  if (pid == 0) {
    const int fd = dup2(socket.Get(), 3);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "switchboard.socket", 1);
    bool isGood = false;
    try {
      isGood = fd == 3 && check();
    } catch (const std::exception&) {
    }
    _exit(isGood ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(CActivationTest, WithoutAManagerThereIsNothing) {
  CActivation activation;
  EXPECT_THAT(activation.Addresses(), testing::IsEmpty());
  EXPECT_FALSE(activation.Take("127.0.0.1:9000").IsValid());
}

TEST(CActivationTest, ASocketIsTakenByItsAddressOnce) {
  const CFd socket = Bound(true);
  const std::string address = CSocketAddress::OfSocket(socket.Get()).ToString();
  EXPECT_TRUE(HoldsInAService(socket, [&] {
    CActivation activation;
    const bool isListed = activation.Addresses() == std::vector<std::string>{address};
    const bool isOther = activation.Take("127.0.0.1:1").IsValid();
    const CFd fd = activation.Take(address);
    const bool isNonBlocking = (fcntl(fd.Get(), F_GETFL) & O_NONBLOCK) != 0;
    const bool isClosedOnExec = (fcntl(fd.Get(), F_GETFD) & FD_CLOEXEC) != 0;
    return isListed && !isOther && fd.Get() == 3 && isNonBlocking && isClosedOnExec && activation.Addresses().empty() &&
           getenv("LISTEN_FDS") == nullptr;
  }));
}

TEST(CActivationTest, WhatIsNoListenerIsRefused) {
  const CFd socket = Bound(false);
  EXPECT_TRUE(HoldsInAService(socket, [] {
    try {
      CActivation activation;
      return false;
    } catch (const std::runtime_error& error) {
      return std::string(error.what()) == "LISTEN_FDS: descriptor 3 is no listening TCP socket";
    }
  }));
}

}  // namespace
}  // namespace switchboard
