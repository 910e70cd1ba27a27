#include "client-sim/message/CTransferClient.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "net/wire/CFrameEncoder.h"
#include "tests/unit/client-sim/load/CFaultyServer.h"

namespace switchboard::sim {
namespace {

using SAction = CFaultyServer::SAction;

template <class Reply>
SAction Answer(uint16_t msgCode, const Reply& reply) {
  SAction action;
  action.bytes.resize(kHeaderBytes + sizeof(reply));
  CFrameEncoder::WriteFrame(action.bytes.data(), msgCode, std::as_bytes(std::span(&reply, 1)));
  return action;
}

std::string WhyOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(CTransferClientTest, ADigestThatStandsStillIsGivenUp) {
  CFaultyServer server([](uint64_t, std::span<const std::byte>) {
    SHashReply reply{};
    reply.hashed = 7;
    reply.size = 100;
    return Answer(kHashCode, reply);
  });
  const CEndpoint endpoint(server.Address());
  CTransferClient client(endpoint, std::chrono::milliseconds(100));
  EXPECT_EQ(WhyOf([&] { client.Hash(1, false); }), "the server's digest stands still at 7 of 100 bytes");
}

TEST(CTransferClientTest, AChunkIsNoLargerThanAPacketHolds) {
  CFaultyServer server([](uint64_t, std::span<const std::byte>) {
    SPutReply reply{};
    reply.chunkBytes = UINT32_MAX;
    return Answer(kPutCode, reply);
  });
  const CEndpoint endpoint(server.Address());
  CTransferClient client(endpoint, std::chrono::seconds(5));
  EXPECT_EQ(client.Put("file", 10, 0).chunkBytes, kMaxBodyBytes - sizeof(SWriteBody));
}

TEST(CTransferClientTest, MoreThanTheFileIsNothingToGoOnFrom) {
  CFaultyServer server([](uint64_t, std::span<const std::byte>) {
    SPutReply reply{};
    reply.chunkBytes = 1000;
    reply.have = 11;
    return Answer(kPutCode, reply);
  });
  const CEndpoint endpoint(server.Address());
  CTransferClient client(endpoint, std::chrono::seconds(5));
  EXPECT_THROW(client.Put("file", 10, 0), std::runtime_error);
}

TEST(CTransferClientTest, AServerThatNeverHasWhatItTookIsGivenUp) {
  CFaultyServer server([](uint64_t, std::span<const std::byte>) { return Answer(kWriteCode, SWriteReply{}); });
  const CEndpoint endpoint(server.Address());
  CTransferClient client(endpoint, std::chrono::seconds(5));
  const CTransferClient::SBegun begun{1, 0, 100};
  EXPECT_EQ(WhyOf([&] {
              client.Write(
                  begun, 1000, [](uint64_t, std::span<std::byte>) {}, [](uint64_t) {});
            }),
            "the server took 1000 bytes, and has 0");
}

}  // namespace
}  // namespace switchboard::sim
