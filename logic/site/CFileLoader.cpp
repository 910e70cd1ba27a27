#include "logic/site/CFileLoader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "net/http/CHttpConditions.h"
#include "net/http/CHttpDate.h"

namespace switchboard {

namespace {

// File times have the resolution of the kernel's tick, or of the file system: at worst two seconds.
constexpr time_t kSettleSeconds = 2;
constexpr std::string_view kGzipFields = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
constexpr std::string_view kVaryField = "Vary: Accept-Encoding\r\n";

bool IsSame(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

// Whether what was opened, or wasn't, is the file that is known, or the lack of it.
bool IsStill(const SServedFile* p_known, const SOpenedFile& opened) {
  if (p_known == nullptr || !opened.fd.IsValid()) return p_known == nullptr && !opened.fd.IsValid();
  return p_known->isSettled && IsSame(p_known->status, opened.status);
}

// False when it isn't as long as it was.
bool ReadAll(int fd, uint64_t size, std::string& body) {
  body.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, body.data() + done, size - done, static_cast<off_t>(done));
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

CFileLoader::CFileLoader(const CFileRoot& root, const CMimeTypes& types, std::string charset, std::string commonFields)
    : m_root(root), m_types(types), m_charset(std::move(charset)), m_commonFields(std::move(commonFields)) {}

ServedFilePtr CFileLoader::Load(std::string_view path, const ServedFilePtr& p_known, EFileError& error) const {
  SOpenedFile opened = m_root.OpenFile(path);
  error = opened.error;
  if (error != EFileError::kNone) return nullptr;
  SOpenedFile packed = m_root.OpenFile(std::string(path) + ".gz");
  if (packed.fd.IsValid() && packed.status.st_mtim.tv_sec < opened.status.st_mtim.tv_sec) packed = {};
  if (p_known != nullptr && IsStill(p_known.get(), opened) && IsStill(p_known->p_gzip.get(), packed)) return p_known;
  SServedFile file = Read(std::move(opened));
  if (packed.fd.IsValid()) {
    SServedFile gzip = Read(std::move(packed));
    Describe(gzip, path, kGzipFields);
    file.p_gzip = std::make_shared<const SServedFile>(std::move(gzip));
  }
  Describe(file, path, file.p_gzip != nullptr ? kVaryField : "");
  return std::make_shared<const SServedFile>(std::move(file));
}

SServedFile CFileLoader::Read(SOpenedFile opened) {
  SServedFile file;
  file.status = opened.status;
  file.isSettled = std::time(nullptr) - opened.status.st_mtim.tv_sec > kSettleSeconds;
  if (file.Size() > kSmallBytes || !ReadAll(opened.fd.Get(), file.Size(), file.body)) {
    file.body = {};
    file.p_file = std::make_shared<const CFd>(std::move(opened.fd));
  }
  return file;
}

void CFileLoader::Describe(SServedFile& file, std::string_view path, std::string_view fields) const {
  file.type = m_types.TypeOf(path);
  if (!m_charset.empty() && file.type.starts_with("text/")) file.type += "; charset=" + m_charset;
  file.modified = std::min<int64_t>(file.status.st_mtim.tv_sec, std::time(nullptr));
  file.etag = CHttpConditions::MakeEtag(file.status, !file.isSettled);
  const CHttpDate::Text date = CHttpDate::Format(file.modified);
  file.fields = fmt::format("Last-Modified: {}\r\nETag: {}\r\nAccept-Ranges: bytes\r\n{}",
                            std::string_view(date.data(), date.size()), file.etag, fields);
  file.wholeHead = fmt::format("\r\n{}{}Content-Type: {}\r\nContent-Length: {}\r\n", m_commonFields, file.fields,
                               file.type, file.Size());
}

}  // namespace switchboard
