// SPDX-License-Identifier: MIT
// Every shape of a declaration that the reader has to know; compiled by nobody.
#pragma once

namespace tally {
inline namespace TALLY_ABI {

enum class Shape { round = sizeof(int), flat };

struct Options {
  std::function<int(const Options&)> on_call{};
  std::chrono::milliseconds wait{10'000};
  TALLY_API int sum() const;
};

/// Not a function: `said(only, here)`.
template <typename T>
class TALLY_API Box {
 public:
  Box() = default;
  explicit Box(std::shared_ptr<T> value, Options options = {}) : value_{value} {}
  ~Box();
  Box& operator=(Box&&) = delete;
  static Result<Box> open(const std::string& path, Options options = {});
  explicit operator bool() const { return value_ != nullptr; }
  const T& operator[](int at) const;
  virtual void forget() {}
  virtual int drive() = 0;

 private:
  void hidden();
  class Inner {
   public:
    void hidden_too();
  };
  std::shared_ptr<T> value_;
};

constexpr Box<int> cny{{'C', 'N', 'Y', '\0'}};
using Factory = std::function<Box<int>(Options)>;
constexpr bool operator==(Options a, Options b) { return a.sum() == b.sum(); }
TALLY_API std::vector<Box<int>> boxes_of(std::string_view text = "a(b)");
inline int twice(int a) { return 2 * a; }

}  // namespace TALLY_ABI
}  // namespace tally
