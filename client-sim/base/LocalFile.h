// Whole reads and writes of local files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "misc/CDigest.h"
#include "misc/file/CFd.h"

namespace switchboard::sim {

// Threads: any. They throw std::system_error with the file's name; ReadAt std::runtime_error when the file is shorter.
void ReadAt(const CFd& file, const std::string& name, uint64_t offset, std::span<std::byte> room);
void WriteAt(const CFd& file, const std::string& name, uint64_t offset, std::span<const std::byte> bytes);
// Feeds the bytes from `from` up to `end` to a digest.
void DigestRange(const CFd& file, const std::string& name, uint64_t from, uint64_t end, CDigest& digest);
uint64_t SizeOf(const CFd& file, const std::string& name);

// Puts a new content in the place of an old one, at once: written beside it and renamed, so that whoever is interrupted
// leaves the old one whole. What is no regular file (a pipe, a terminal) is written to as it is. Throws
// std::system_error.
void ReplaceFile(const std::string& path, std::string_view text);
// Throws what ReplaceFile would, as far as that can be known before; changes nothing.
void CheckReplaceable(const std::string& path);

}  // namespace switchboard::sim
