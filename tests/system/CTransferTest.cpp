#include "tests/system/CTransferTest.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>

#include "logic/transfer/CFileTransfer.h"

namespace switchboard {

namespace fs = std::filesystem;

fs::path CTransferTest::Make(const std::string& name, const std::string& content) const {
  std::ofstream(Files() / name, std::ios::binary) << content;
  return Files() / name;
}

size_t CTransferTest::Parts() const {
  std::error_code error;
  const fs::directory_iterator parts(Files() / ".parts", error);
  return static_cast<size_t>(
      std::count_if(begin(parts), end(parts), [](const auto& entry) { return entry.path().filename() != "ledger"; }));
}

CServerProcess& CTransferTest::StartDemo(std::vector<std::string> overrides) {
  SServerOptions options;
  options.program = "switchboard";
  options.overrides = std::move(overrides);
  options.overrides.emplace_back("transfer.root=files");
  return Start(options);
}

CServerProcess& CTransferTest::StartWritable(std::vector<std::string> overrides) {
  overrides.emplace_back("transfer.writable=true");
  return StartDemo(std::move(overrides));
}

std::unique_ptr<CProgram> CTransferTest::Begin(uint16_t port, std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--connect", "127.0.0.1:" + std::to_string(port)});
  return std::make_unique<CProgram>("client-sim", arguments, SProgramOptions{Folder()});
}

CSystemTest::SRunResult CTransferTest::Client(uint16_t port, std::vector<std::string> arguments) const {
  const auto p_program = Begin(port, std::move(arguments));
  const int exitCode = p_program->Wait().value_or(-1);
  return {exitCode, p_program->Output(), p_program->Errors()};
}

void CTransferTest::ExpectGood(const SRunResult& result) const { EXPECT_EQ(result.exitCode, 0) << result.errors; }

void CTransferTest::ExpectRefused(const SRunResult& result, const std::string& why) const {
  EXPECT_EQ(result.exitCode, 1) << result.output;
  EXPECT_NE(result.errors.find(why), std::string::npos) << result.errors;
}

SPutReply CTransferTest::BeginPut(CTestClient& client, const std::string& path, uint64_t size, uint8_t flags) {
  SPutBody body{};
  body.size = size;
  body.flags = flags;
  return ReplyIn<SPutReply>(Ask(client, CodeOf(ETransferCode::kPut), BytesOf(body, path)));
}

SReceivedFrame CTransferTest::Write(CTestClient& client, uint32_t handle, uint64_t offset, const std::string& bytes) {
  SWriteBody body{};
  body.handle = handle;
  body.offset = offset;
  return Ask(client, CodeOf(ETransferCode::kWrite), BytesOf(body, bytes));
}

std::string CTransferTest::GetBody(uint32_t handle, uint64_t offset, const std::string& path) {
  SGetBody body{};
  body.handle = handle;
  body.offset = offset;
  body.length = kTransferChunkBytes;
  return BytesOf(body, path);
}

uint16_t CodeOf(ETransferCode code) { return static_cast<uint16_t>(kFirstTransferCode + static_cast<uint16_t>(code)); }

ETransferStatus StatusIn(const SReceivedFrame& frame) {
  return static_cast<ETransferStatus>(ReplyIn<SStatusReply>(frame).status.value());
}

std::string RandomBytes(size_t bytes) {
  std::mt19937_64 random(bytes);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::string Tool(const std::string& command, const fs::path& file) {
  FILE* p_pipe = ::popen((command + " '" + file.string() + "'").c_str(), "r");
  char digest[129] = "";
  EXPECT_EQ(std::fscanf(p_pipe, "%128s", digest), 1);
  ::pclose(p_pipe);
  return digest;
}

}  // namespace switchboard
