#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/CHttpTestClient.h"
#include "tests/system/CSystemTest.h"

namespace switchboard {

// What every system test of HTTP does: it has a root with a few files, and a server for them.
// Threads: one.
class CHttpSystemTest : public CSystemTest {
 protected:
  // Makes index.html and small.txt.
  void SetUp() override;

  std::filesystem::path Root() const { return Folder() / "root"; }
  // Writes a file beneath the root, folders included.
  void Write(const std::string& path, std::string_view content) const;
  // Starts a server whose only listener speaks HTTP.
  CServerProcess& Serve(std::vector<std::string> overrides = {});
  // The lines of access.log.
  std::vector<std::string> AccessLog() const;

  struct SCommandResult {
    int exitCode = -1;
    std::string output;
    std::string errors;
  };
  // Runs a program of the system, found by PATH, to its end, in the folder.
  SCommandResult RunCommand(const std::vector<std::string>& arguments) const;
};

// Bytes that repeat late.
std::string Pattern(size_t bytes);

}  // namespace switchboard
