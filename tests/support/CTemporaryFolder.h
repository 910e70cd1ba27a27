#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace switchboard {

// A new folder for one test, removed with all that is in it at the end.
// Threads: one owner at a time.
class CTemporaryFolder {
 public:
  CTemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "switchboard-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    m_path = name;
  }
  ~CTemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
  }
  CTemporaryFolder(const CTemporaryFolder&) = delete;
  CTemporaryFolder& operator=(const CTemporaryFolder&) = delete;

  const std::filesystem::path& Path() const { return m_path; }
  // Writes a file; makes the folders above it.
  void Write(const std::string& path, std::string_view content) const {
    std::filesystem::create_directories((m_path / path).parent_path());
    std::ofstream(m_path / path, std::ios::binary) << content;
  }
  std::string Read(const std::string& path) const {
    std::ifstream file(m_path / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path m_path;
};

}  // namespace switchboard
