#include "proc/worker/CListenerStore.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace switchboard {
namespace {

using testing::HasSubstr;

SListenerConfig OnPort(uint16_t port, const std::string& host = "127.0.0.1") {
  SListenerConfig config;
  config.address = host;
  config.port = port;
  return config;
}

uint16_t PortOf(const CListenerStore& store, uint32_t listener = 0) {
  const std::string address = store.Address(listener);
  return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

std::string ReserveError(CListenerStore& store, const std::vector<SListenerConfig>& configs) {
  try {
    store.Reserve(configs);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

CFd Connect(uint16_t port) {
  const CSocketAddress address("127.0.0.1", port);
  CFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(fd.Get(), address.Data(), address.Size()), 0);
  return fd;
}

TEST(CListenerStoreTest, PortZeroIsResolved) {
  CListenerStore store;
  EXPECT_EQ(store.Reserve({OnPort(0), OnPort(0)}), (std::vector<uint32_t>{0, 1}));
  EXPECT_GT(PortOf(store, 0), 0);
  EXPECT_GT(PortOf(store, 1), 0);
  EXPECT_NE(PortOf(store, 0), PortOf(store, 1));
}

TEST(CListenerStoreTest, Ipv6StandsBesideIpv4OnTheSamePort) {
  // The port that is free for IPv6 may be somebody else's for IPv4: then another one is tried.
  std::string error;
  for (int attempt = 0; attempt < 20; ++attempt) {
    CListenerStore store;
    const std::string ipv6Error = ReserveError(store, {OnPort(0, "::")});
    if (ipv6Error != "") {
      // A machine without IPv6 must at least say so.
      EXPECT_THAT(ipv6Error, HasSubstr("cannot listen on [::]:0"));
      return;
    }
    EXPECT_THAT(store.Address(0), HasSubstr("[::]:"));
    error = ReserveError(store, {OnPort(PortOf(store), "0.0.0.0")});
    if (error != "") continue;
    EXPECT_TRUE(store.Open(0, 511).IsValid());
    EXPECT_TRUE(store.Open(1, 511).IsValid());
    return;
  }
  FAIL() << error;
}

TEST(CListenerStoreTest, PortOfAListeningServerIsRefused) {
  CListenerStore first;
  first.Reserve({OnPort(0)});
  const CFd listening = first.Open(0, 511);
  CListenerStore second;
  const std::string error = ReserveError(second, {OnPort(PortOf(first))});
  EXPECT_EQ(error, "listener.0: cannot listen on " + first.Address(0) + ": Address already in use");
  EXPECT_TRUE(second.Descriptors().empty());
}

TEST(CListenerStoreTest, ReservationAloneIsRefusedToo) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  CListenerStore other;
  EXPECT_THAT(ReserveError(other, {OnPort(PortOf(store))}), HasSubstr("Address already in use"));
  EXPECT_TRUE(other.Descriptors().empty());
}

TEST(CListenerStoreTest, AddressCanBeReservedAgainAfterTheEnd) {
  uint16_t port = 0;
  {
    CListenerStore store;
    store.Reserve({OnPort(0)});
    port = PortOf(store);
    CFd listener = store.Open(0, 511);
    // The server closes first, so that the connection rests in TIME_WAIT on the server's port.
    const CFd client = Connect(port);
    pollfd ready{listener.Get(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 10000), 1);
    CFd(accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC)).Reset();
  }
  CListenerStore next;
  EXPECT_EQ(ReserveError(next, {OnPort(port)}), "");
}

TEST(CListenerStoreTest, BadAddressNamesTheListener) {
  CListenerStore store;
  EXPECT_EQ(ReserveError(store, {OnPort(0, "nowhere")}),
            "listener.0.address: \"nowhere\" is not an IPv4 or IPv6 address");
}

TEST(CListenerStoreTest, WorkersOpenSideBySide) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  const CFd first = store.Open(0, 511);
  const CFd second = store.Open(0, 511);
  EXPECT_TRUE(first.IsValid());
  EXPECT_TRUE(second.IsValid());
}

CFd Copy(const CFd& fd) { return CFd(dup(fd.Get())); }

bool IsSameSocket(const CFd& first, const CFd& second) {
  struct stat a {};
  struct stat b {};
  return fstat(first.Get(), &a) == 0 && fstat(second.Get(), &b) == 0 && a.st_ino == b.st_ino;
}

TEST(CListenerStoreTest, KeptSocketHoldsItsAcceptQueueWhenTheWorkerIsGone) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  CFd workers = store.Open(0, 511);
  EXPECT_EQ(store.Keep(0, 0, Copy(workers)), CListenerStore::Key(0, 0));
  const CFd client = Connect(PortOf(store));
  workers.Reset();

  const CFd adopted = store.Duplicate({0, 0});
  pollfd ready{adopted.Get(), POLLIN, 0};
  ASSERT_EQ(poll(&ready, 1, 10000), 1);
  EXPECT_TRUE(CFd(accept4(adopted.Get(), nullptr, nullptr, SOCK_CLOEXEC)).IsValid());
}

TEST(CListenerStoreTest, ASecondSocketOfASlotIsKeptBesideTheFirst) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  const CFd first = store.Open(0, 511);
  const CFd second = store.Open(0, 511);
  const auto keyOfFirst = store.Keep(0, 3, Copy(first));
  const auto keyOfSecond = store.Keep(0, 3, Copy(second));
  EXPECT_NE(keyOfFirst, keyOfSecond);
  EXPECT_TRUE(IsSameSocket(store.Duplicate(keyOfFirst), first));
  EXPECT_TRUE(IsSameSocket(store.Duplicate(keyOfSecond), second));
}

TEST(CListenerStoreTest, CloseKeptClosesThatListenerOnly) {
  CListenerStore store;
  store.Reserve({OnPort(0), OnPort(0)});
  store.Keep(0, 0, store.Open(0, 511));
  store.Keep(1, 0, store.Open(1, 511));
  store.CloseKept(0);
  EXPECT_EQ(store.Kept(), (std::vector<CListenerStore::Key>{{1, 0}}));
}

TEST(CListenerStoreTest, AnotherConfigurationKeepsWhatItHasInCommon) {
  CListenerStore store;
  store.Reserve({OnPort(0), OnPort(0, "127.0.0.2")});
  const uint16_t port = PortOf(store);
  EXPECT_EQ(store.Reserve({OnPort(0, "127.0.0.2"), OnPort(0), OnPort(0, "127.0.0.3")}),
            (std::vector<uint32_t>{1, 0, 2}));
  EXPECT_EQ(PortOf(store), port);
  store.Keep(0, 0, store.Open(0, 511));
  store.Keep(1, 0, store.Open(1, 511));
  store.Retain({1, 2});
  EXPECT_EQ(store.Kept(), (std::vector<CListenerStore::Key>{{1, 0}}));
  EXPECT_EQ(ReserveError(store, {OnPort(port)}), "") << "the address of a listener that is gone is still taken";
  EXPECT_EQ(store.Keep(0, 1, CFd()), CListenerStore::Key(0, 1));
  EXPECT_EQ(store.Kept().size(), 1u) << "something is kept of a listener that is gone";
}

TEST(CListenerStoreTest, ARefusedConfigurationChangesNothing) {
  CListenerStore other;
  other.Reserve({OnPort(0)});
  CListenerStore store;
  store.Reserve({OnPort(0)});
  EXPECT_THAT(ReserveError(store, {OnPort(0), OnPort(0, "127.0.0.2"), OnPort(PortOf(other))}),
              HasSubstr("listener.2: cannot listen on "));
  EXPECT_EQ(store.Descriptors().size(), 1u);
}

// The wildcard and the address, in both directions: what goes and what comes are there side by side.
TEST(CListenerStoreTest, AnAddressGivesWayToTheWildcardAndBack) {
  for (const auto& [before, after] : {std::pair("0.0.0.0", "127.0.0.1"), std::pair("127.0.0.1", "0.0.0.0")}) {
    CListenerStore store;
    store.Reserve({OnPort(0, before)});
    const uint16_t port = PortOf(store);
    store.Keep(0, 0, store.Open(0, 511));
    EXPECT_EQ(store.Reserve({OnPort(port, after)}), (std::vector<uint32_t>{1}));
    const CFd next = store.Open(1, 511);
    store.Retain({1});
    const CFd client = Connect(port);
    pollfd ready{next.Get(), POLLIN, 0};
    EXPECT_EQ(poll(&ready, 1, 10000), 1) << before;
    // And nobody else gets in, by whatever way.
    CListenerStore stranger;
    EXPECT_THAT(ReserveError(stranger, {OnPort(port)}), HasSubstr("Address already in use"));
    EXPECT_THAT(ReserveError(stranger, {OnPort(port, "0.0.0.0")}), HasSubstr("Address already in use"));
  }
}

TEST(CListenerStoreTest, ListenersMaySwapTheirPorts) {
  CListenerStore store;
  store.Reserve({OnPort(0, "0.0.0.0"), OnPort(0, "127.0.0.1")});
  const uint16_t first = PortOf(store, 0);
  const uint16_t second = PortOf(store, 1);
  store.Keep(0, 0, store.Open(0, 511));
  store.Keep(1, 0, store.Open(1, 511));
  EXPECT_EQ(store.Reserve({OnPort(second, "0.0.0.0"), OnPort(first, "127.0.0.1")}), (std::vector<uint32_t>{2, 3}));
  EXPECT_TRUE(store.Open(2, 511).IsValid());
  EXPECT_TRUE(store.Open(3, 511).IsValid());
}

TEST(CListenerStoreTest, AWildcardBesideAStrangersAddressIsRefused) {
  CListenerStore stranger;
  stranger.Reserve({OnPort(0, "127.0.0.2")});
  const uint16_t port = PortOf(stranger);
  const CFd listening = stranger.Open(0, 511);
  CListenerStore store;
  ASSERT_EQ(ReserveError(store, {OnPort(port, "127.0.0.1")}), "");
  store.Keep(0, 0, store.Open(0, 511));
  EXPECT_EQ(ReserveError(store, {OnPort(port, "0.0.0.0")}),
            "listener.0: cannot listen on 0.0.0.0:" + std::to_string(port) + ": Address already in use");
}

TEST(CListenerStoreTest, APortThatTheSystemChoseCanBeNamedLater) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  const uint16_t port = PortOf(store);
  EXPECT_EQ(store.Reserve({OnPort(port)}), (std::vector<uint32_t>{0}));
  EXPECT_EQ(store.Reserve({OnPort(0), OnPort(port)}), (std::vector<uint32_t>{1, 0}));
}

TEST(CListenerStoreTest, TwoListenersOfAConfigurationThatMeetAreRefusedByName) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  const uint16_t port = PortOf(store);
  EXPECT_EQ(ReserveError(store, {OnPort(0), OnPort(port, "0.0.0.0")}),
            "listener.1: cannot listen on 0.0.0.0:" + std::to_string(port) +
                ": that is listener.0 (127.0.0.1:" + std::to_string(port) + ")");
  EXPECT_EQ(store.Descriptors().size(), 1u);
}

// Without SO_REUSEPORT, as a service manager opens it.
TEST(CListenerStoreTest, ASocketThatCannotBeSharedIsNamedAsTheServersOwn) {
  const CSocketAddress any("0.0.0.0", 0);
  CFd activated(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(activated.Get(), any.Data(), any.Size()), 0);
  ASSERT_EQ(listen(activated.Get(), 1), 0);
  const uint16_t port = CSocketAddress::OfSocket(activated.Get()).Port();
  CListenerStore store;
  store.AddActivated(OnPort(port, "0.0.0.0"), std::move(activated));
  EXPECT_EQ(ReserveError(store, {OnPort(port)}),
            "listener.0: cannot listen on 127.0.0.1:" + std::to_string(port) +
                ": it can't stand beside the socket that the service manager has opened for this server");
}

TEST(CListenerStoreTest, TheNextBinaryInheritsEverything) {
  CListenerStore store;
  store.Reserve({OnPort(0), OnPort(0)});
  const CFd zero = store.Open(0, 511);
  const CFd one = store.Open(1, 511);
  store.Keep(0, 0, Copy(zero));
  store.Keep(1, 5, Copy(one));
  store.Retain({1});  // so that the numbers have a gap

  std::string text = store.ToText();
  ASSERT_EQ(store.Descriptors().size(), 2u);
  // In the next process the numbers are the same; here they are duplicated.
  for (const int fd : store.Descriptors()) {
    const std::string number = " " + std::to_string(fd) + ";";
    text.replace(text.find(number), number.size(), " " + std::to_string(dup(fd)) + ";");
  }
  CListenerStore next;
  next.Inherit(text);
  EXPECT_EQ(next.Reserve({OnPort(0)}), (std::vector<uint32_t>{1}));
  EXPECT_EQ(next.Address(1), store.Address(1));
  EXPECT_EQ(next.Kept(), (std::vector<CListenerStore::Key>{{1, 5}}));
  EXPECT_TRUE(IsSameSocket(next.Duplicate({1, 5}), one));
  for (const int fd : next.Descriptors()) EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(next.Reserve({OnPort(0), OnPort(0)}), (std::vector<uint32_t>{1, 2}));
}

TEST(CListenerStoreTest, NonsenseIsNotInherited) {
  CListenerStore store;
  for (const char* text : {"x;", "0 127.0.0.1 9000 r;", "0 127.0.0.1 9000 r 9999;"}) {
    EXPECT_THROW(store.Inherit(text), std::runtime_error) << text;
  }
  store.Inherit("");
  EXPECT_TRUE(store.Descriptors().empty());
}

TEST(CListenerStoreTest, AnActivatedSocketIsSharedByAll) {
  CListenerStore opener;
  opener.Reserve({OnPort(0)});
  const CFd listening = opener.Open(0, 511);
  CListenerStore store;
  store.AddActivated(OnPort(0), Copy(listening));
  EXPECT_EQ(store.Reserve({OnPort(0)}), (std::vector<uint32_t>{0}));
  EXPECT_EQ(store.Address(0), opener.Address(0));
  EXPECT_TRUE(IsSameSocket(store.Activated(0), listening));
  EXPECT_FALSE(opener.Activated(0).IsValid());
}

TEST(CListenerStoreTest, NewcomersGetNoAnswerAndThoseWhoWaitStay) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  const CFd listener = store.Open(0, 16);
  store.Keep(0, 0, CFd(dup(listener.Get())));
  const CFd waiting = Connect(PortOf(store));
  store.RefuseNewcomers();
  const CSocketAddress address("127.0.0.1", PortOf(store));
  const CFd newcomer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  EXPECT_NE(connect(newcomer.Get(), address.Data(), address.Size()), 0);
  EXPECT_EQ(errno, EINPROGRESS);
  pollfd state{newcomer.Get(), POLLOUT, 0};
  EXPECT_EQ(poll(&state, 1, 0), 0);
  EXPECT_TRUE(CFd(accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC)).IsValid());
  EXPECT_FALSE(CFd(accept4(listener.Get(), nullptr, nullptr, SOCK_CLOEXEC)).IsValid());
}

TEST(CListenerStoreTest, WhoIsTurnedAwayFromOneListenerFindsTheOther) {
  CListenerStore store;
  store.Reserve({OnPort(0)});
  const CFd going = store.Open(0, 16);
  store.Keep(0, 0, Copy(going));
  const CFd waiting = Connect(PortOf(store));
  const uint16_t port = PortOf(store);
  store.Reserve({OnPort(port, "0.0.0.0")});
  const CFd coming = store.Open(1, 16);
  store.RefuseNewcomers(0);
  const CFd newcomer = Connect(port);
  EXPECT_TRUE(CFd(accept4(going.Get(), nullptr, nullptr, SOCK_CLOEXEC)).IsValid());
  EXPECT_FALSE(CFd(accept4(going.Get(), nullptr, nullptr, SOCK_CLOEXEC)).IsValid());
  EXPECT_TRUE(CFd(accept4(coming.Get(), nullptr, nullptr, SOCK_CLOEXEC)).IsValid());
}

}  // namespace
}  // namespace switchboard
