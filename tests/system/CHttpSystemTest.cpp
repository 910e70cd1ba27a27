#include "tests/system/CHttpSystemTest.h"

#include <fstream>
#include <optional>

#include "tests/system/CProgram.h"

namespace switchboard {

namespace {

// Where Debian's packages put their programs.
std::filesystem::path CommandPath(const std::string& name) { return std::filesystem::path("/usr/bin") / name; }

}  // namespace

void CHttpSystemTest::SetUp() {
  Write("index.html", "<h1>home</h1>");
  Write("small.txt", "0123456789");
}

void CHttpSystemTest::Write(const std::string& path, std::string_view content) const {
  std::filesystem::create_directories((Root() / path).parent_path());
  std::ofstream(Root() / path, std::ios::binary) << content;
}

CServerProcess& CHttpSystemTest::Serve(std::vector<std::string> overrides) {
  overrides.insert(overrides.begin(), {"listener.0.protocol=http", "listener.0.root=" + Root().string()});
  return StartWith(std::move(overrides));
}

std::vector<std::string> CHttpSystemTest::AccessLog() const {
  std::vector<std::string> lines;
  std::ifstream file(Folder() / "access.log");
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

CHttpSystemTest::SCommandResult CHttpSystemTest::RunCommand(const std::vector<std::string>& arguments) const {
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  SProgramOptions options;
  options.workingDirectory = Folder();
  CProgram program(CommandPath(arguments.front()).string(), rest, options);
  const std::optional<int> exitCode = program.Wait(2 * kPatience);
  EXPECT_TRUE(exitCode.has_value()) << arguments.front() << " doesn't end";
  return {exitCode.value_or(-1), program.Output(), program.Errors()};
}

std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

}  // namespace switchboard
