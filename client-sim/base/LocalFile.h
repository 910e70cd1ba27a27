// Whole reads and writes at a place in a local file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "misc/CDigest.h"
#include "misc/CFd.h"

namespace switchboard::sim {

// Threads: any. They throw std::system_error with the file's name; ReadAt std::runtime_error when the file is shorter.
void ReadAt(const CFd& file, const std::string& name, uint64_t offset, std::span<std::byte> room);
void WriteAt(const CFd& file, const std::string& name, uint64_t offset, std::span<const std::byte> bytes);
// Feeds the bytes from `from` up to `end` to a digest.
void DigestRange(const CFd& file, const std::string& name, uint64_t from, uint64_t end, CDigest& digest);
uint64_t SizeOf(const CFd& file, const std::string& name);

}  // namespace switchboard::sim
