#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logic/MsgCode.h"
#include "logic/transfer/TransferMessages.h"
#include "tests/system/CSystemTest.h"
#include "tests/system/Processes.h"

namespace switchboard {

inline constexpr uint64_t kMiB = 1024 * 1024;

// A server with files to give out, in the folder Files(), and client-sim beside it in Folder().
// Threads: one.
class CTransferTest : public CSystemTest {
 protected:
  CTransferTest() { std::filesystem::create_directory(Files()); }

  std::filesystem::path Files() const { return Folder() / "files"; }
  // Makes one of the server's files.
  std::filesystem::path Make(const std::string& name, const std::string& content) const;
  // The unfinished uploads.
  size_t Parts() const;

  CServerProcess& StartDemo(std::vector<std::string> overrides = {});
  CServerProcess& StartWritable(std::vector<std::string> overrides = {});

  // Starts client-sim with a server's port.
  std::unique_ptr<CProgram> Begin(uint16_t port, std::vector<std::string> arguments) const;
  // Runs it to its end.
  SRunResult Client(uint16_t port, std::vector<std::string> arguments) const;
  void ExpectGood(const SRunResult& result) const;
  void ExpectRefused(const SRunResult& result, const std::string& why) const;

  static SPutReply BeginPut(CTestClient& client, const std::string& path, uint64_t size, uint8_t flags = 0);
  static SReceivedFrame Write(CTestClient& client, uint32_t handle, uint64_t offset, const std::string& bytes);
  // The body of a kGet for one chunk.
  static std::string GetBody(uint32_t handle, uint64_t offset, const std::string& path = {});
};

uint16_t CodeOf(ETransferCode code);
ETransferStatus StatusIn(const SReceivedFrame& frame);
// Always the same ones for the same number.
std::string RandomBytes(size_t bytes);
// The first word that a program of the system prints about a file.
std::string Tool(const std::string& command, const std::filesystem::path& file);

template <class Body>
std::string BytesOf(const Body& body, std::string_view text = {}) {
  return std::string(reinterpret_cast<const char*>(&body), sizeof(body)) + std::string(text);
}

// The front of an answer; all zeros, and a failure of the test, when it is too short.
template <class Reply>
Reply ReplyIn(const SReceivedFrame& frame) {
  Reply reply{};
  EXPECT_GE(frame.body.size(), sizeof(reply));
  if (frame.body.size() >= sizeof(reply)) std::memcpy(&reply, frame.body.data(), sizeof(reply));
  return reply;
}

}  // namespace switchboard
