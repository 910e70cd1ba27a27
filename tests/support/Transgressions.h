#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchboard {

// What somebody who has got hold of a worker might try next, by name; all of it needs no more than a process of root's
// may do. "read:PATH" and "write:PATH" open a file.
const std::vector<std::string>& Transgressions();
// Tries it. Returns the errno; 0: it was done.
int Transgress(std::string_view name);

// Writes random bytes over everything that this process shares with others and may write: `rounds` times.
void Scribble(uint32_t rounds, uint32_t seed);
// Says `messages` things to the master and to the other workers that mean nothing, or nothing now, some with
// descriptors; with 0 a single byte. Waits while a line is full. Returns how many were taken.
uint32_t Babble(uint32_t messages);
// Where `name` lies in what this process shares with others and may write; nullptr when it isn't there.
std::byte* FindShared(std::string_view name);
// Writes another one there: what is longer than kForgedBytes is cut, what is shorter gets zeros.
void Forge(std::byte* p_name, std::string_view name);
inline constexpr size_t kForgedBytes = 48;

// Cuts each file that this process has mapped with others to nothing: by its descriptors, and by the names that the
// mappings have.
void TruncateShared();

}  // namespace switchboard
