#pragma once

#include <span>
#include <string_view>
#include <type_traits>

namespace switchboard {

// What a body can be made of: structs whose bytes in memory are the bytes on the wire, without
// padding, so that they are read in place and sent as they are. Integers of more than a byte are
// Boost.Endian types, which say their order themselves, and have alignment 1:
//
//   #pragma pack(push, 1)
//   struct SMoveBody {
//     boost::endian::big_uint32_t unit;
//     boost::endian::big_int16_t x, y;
//   };
//   #pragma pack(pop)
//
// What has a copy constructor of its own, such as a std::string, is refused by the compiler; but
// nothing tells a pointer in it from a number.
template <class T>
inline constexpr bool kIsPacked = std::is_trivially_copyable_v<T> && alignof(T) == 1;

// What is bytes already, and is sent as such: a std::span, std::vector or std::array of std::byte.
template <class T>
concept IsBytes = std::is_convertible_v<const T&, std::span<const std::byte>>;

// The bytes that are sent for `body`, where they lie: of a text its characters, without a NUL
// behind them, also of a literal; else those of a packed struct. They live as long as `body`.
template <class T>
std::span<const std::byte> BytesOf(const T& body) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::as_bytes(std::span(std::string_view(body)));
  } else {
    static_assert(kIsPacked<T>, "a body is a trivially copyable struct between #pragma pack(push, 1) and (pop)");
    return std::as_bytes(std::span(&body, 1));
  }
}

}  // namespace switchboard
