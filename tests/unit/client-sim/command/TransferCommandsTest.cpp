#include "client-sim/command/TransferCommands.h"

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "client-sim/message/TransferBodies.h"
#include "client-sim/options/COptions.h"
#include "net/wire/CFrameEncoder.h"
#include "tests/unit/client-sim/load/CFaultyServer.h"

namespace switchboard::sim {
namespace {

void Append(std::vector<std::byte>& body, const auto& part) {
  const auto bytes = std::as_bytes(std::span(&part, 1));
  body.insert(body.end(), bytes.begin(), bytes.end());
}

CFaultyServer::SAction Answer(uint16_t msgCode, const std::vector<std::byte>& body) {
  CFaultyServer::SAction action;
  action.bytes.resize(kHeaderBytes + body.size());
  CFrameEncoder::WriteFrame(action.bytes.data(), msgCode, body);
  return action;
}

TEST(TransferCommandsTest, ADirectoryWithoutAnEndIsGivenUp) {
  std::vector<std::byte> page;
  SListReply head{};
  head.count = 2000;
  Append(page, head);
  SListEntry entry{};
  entry.nameBytes = 1;
  for (int i = 0; i < 2000; ++i) {
    Append(page, entry);
    page.push_back(std::byte{'x'});
  }
  CFaultyServer server([&page](uint64_t number, std::span<const std::byte>) {
    if (number != 0) return Answer(kListCode, page);
    SOpenReply opened{};
    opened.stat.kind = kKindDirectory;
    std::vector<std::byte> body;
    Append(body, opened);
    return Answer(kOpenCode, body);
  });
  std::vector<std::string> words{"ls", "--connect", server.Address()};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStderr();
  EXPECT_EQ(ListCommand(static_cast<int>(arguments.size()), arguments.data()), kExitFaults);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "client-sim: the directory has more than 250,000 entries\n");
}

}  // namespace
}  // namespace switchboard::sim
