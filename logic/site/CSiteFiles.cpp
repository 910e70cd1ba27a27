#include "logic/site/CSiteFiles.h"

#include <utility>

#include "logic/site/CHttpListing.h"

namespace switchboard {

namespace {

constexpr size_t kMaxListed = 1000;  // of a folder, on its page

uint16_t StatusOf(EFileError error) {
  switch (error) {
    case EFileError::kNotFound:
      return 404;
    case EFileError::kForbidden:
    case EFileError::kNotRegular:
      return 403;
    case EFileError::kIsDirectory:
      return 301;
    case EFileError::kTooManyDescriptors:
      return 503;
    default:
      return 500;
  }
}

// As CFileRoot wants it: without the slashes at its ends.
std::string_view RelativeOf(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

CSiteFiles::CSiteFiles(const SConfig& config)
    : m_index(config.index),
      m_isListing(config.isListing),
      m_root(config.root, config.symlinks),
      m_loader(m_root, m_types, config.charset, config.commonFields) {}

std::optional<SSiteEntry> CSiteFiles::Cached(std::string_view path, MonotonicTime now) {
  std::string indexFile;
  if (path.ends_with('/')) {
    // Whether a later name counts, only the disk knows.
    if (m_index.empty()) return std::nullopt;
    indexFile.append(path).append(m_index.front());
    path = indexFile;
  }
  ServedFilePtr p_file = m_cache.Find(RelativeOf(path), now);
  if (p_file == nullptr) return std::nullopt;
  return SSiteEntry{200, std::move(p_file), {}};
}

SSiteEntry CSiteFiles::Lookup(std::string_view path, MonotonicTime now) {
  if (path.ends_with('/')) return LookupFolder(path, now);
  EFileError error;
  ServedFilePtr p_file = Load(RelativeOf(path), now, error);
  if (p_file == nullptr) return {StatusOf(error), nullptr, {}};
  return {200, std::move(p_file), {}};
}

SSiteEntry CSiteFiles::LookupFolder(std::string_view path, MonotonicTime now) {
  for (const std::string& name : m_index) {
    EFileError error;
    ServedFilePtr p_file = Load(RelativeOf(std::string(path) + name), now, error);
    if (p_file != nullptr) return {200, std::move(p_file), {}};
  }
  const SOpenedFile folder = m_root.Status(RelativeOf(path));
  if (folder.error != EFileError::kNone) return {StatusOf(folder.error), nullptr, {}};
  if (!S_ISDIR(folder.status.st_mode)) return {404, nullptr, {}};
  if (!m_isListing) return {403, nullptr, {}};
  SDirectoryList list = m_root.List(RelativeOf(path), kMaxListed);
  if (list.error != EFileError::kNone) return {StatusOf(list.error), nullptr, {}};
  return {200, nullptr, CHttpListing::Page(path, std::move(list.entries), list.isComplete)};
}

ServedFilePtr CSiteFiles::Load(std::string_view relative, MonotonicTime now, EFileError& error) {
  ServedFilePtr p_file = m_loader.Load(relative, m_cache.Known(relative), error);
  if (p_file != nullptr) {
    m_cache.Put(relative, p_file, now);
  } else {
    m_cache.Drop(relative, now);
  }
  return p_file;
}

}  // namespace switchboard
