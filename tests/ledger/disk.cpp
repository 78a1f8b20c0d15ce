// SPDX-License-Identifier: MIT
#include "ledger/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ledger_tests {
namespace {

constexpr std::size_t sector = 512;

/// A write, or (without bytes) a truncation to `offset`.
struct Change {
  std::size_t offset = 0;
  std::optional<std::string> bytes;
};

/// A file as the platters have it, and what was written since.
struct Platters {
  bool is_there = false;
  std::string synced;
  std::vector<Change> changes;
};

struct State {
  std::atomic<bool> full{false};
  std::atomic<std::int64_t> sync_delay_ms{0};
  std::atomic<std::uint64_t> syncs{0};

  std::mutex mutex;  // Guards all below.
  std::string folder;
  std::function<void()> on_write;
  std::map<std::string, Platters> files;
};

State& state() {
  static State the;
  return the;
}

void put(std::string& file, std::size_t offset, const char* bytes, std::size_t count) {
  if (file.size() < offset + count) file.resize(offset + count);
  std::copy(bytes, bytes + count, file.begin() + static_cast<std::ptrdiff_t>(offset));
}

void apply(const Change& change, std::string& file) {
  if (!change.bytes) return file.resize(change.offset);
  put(file, change.offset, change.bytes->data(), change.bytes->size());
}

void apply_some(const Change& change, std::string& file, std::mt19937& random) {
  if (!change.bytes) {
    if (random() % 2 == 0) apply(change, file);
    return;
  }
  const std::string& bytes = *change.bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t to_edge = sector - (change.offset + at) % sector;
    const std::size_t count = std::min(to_edge, bytes.size() - at);
    if (random() % 2 == 0) put(file, change.offset + at, bytes.data() + at, count);
    at += count;
  }
}

/// SQLite allocates these, with room for the real file behind.
struct File {
  sqlite3_file base;
  Platters* platters;  // Null: not watched.
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& shim(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return shim(file).real(); }

void tell(const File& file) {
  if (file.platters == nullptr) return;
  std::function<void()> on_write;
  {
    const std::lock_guard<std::mutex> lock(state().mutex);
    on_write = state().on_write;
  }
  if (on_write) on_write();
}

void note(const File& file, Change change) {
  if (file.platters == nullptr) return;
  const std::lock_guard<std::mutex> lock(state().mutex);
  file.platters->changes.push_back(std::move(change));
}

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int read(sqlite3_file* file, void* to, int count, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), to, count, offset);
}

int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
  if (state().full) return SQLITE_FULL;
  tell(shim(file));
  const int result = real(file)->pMethods->xWrite(real(file), from, count, offset);
  if (result == SQLITE_OK) {
    note(shim(file),
         {static_cast<std::size_t>(offset),
          std::string(static_cast<const char*>(from), static_cast<std::size_t>(count))});
  }
  return result;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  tell(shim(file));
  const int result = real(file)->pMethods->xTruncate(real(file), size);
  if (result == SQLITE_OK) note(shim(file), {static_cast<std::size_t>(size), std::nullopt});
  return result;
}

int sync(sqlite3_file* file, int flags) {
  tell(shim(file));
  ++state().syncs;
  if (const auto delay = state().sync_delay_ms.load(); delay > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
  }
  // The real disk is not asked: nothing is at stake there, and it takes its time.
  static_cast<void>(flags);
  Platters* platters = shim(file).platters;
  if (platters == nullptr) return SQLITE_OK;
  const std::lock_guard<std::mutex> lock(state().mutex);
  for (const Change& change : platters->changes) apply(change, platters->synced);
  platters->changes.clear();
  platters->is_there = true;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* is_held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), is_held);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2: with shared memory for WAL, without memory-mapped reads.
constexpr sqlite3_io_methods methods = {2,
                                        close,
                                        read,
                                        write,
                                        truncate,
                                        sync,
                                        file_size,
                                        lock,
                                        unlock,
                                        check_reserved_lock,
                                        file_control,
                                        sector_size,
                                        characteristics,
                                        shm_map,
                                        shm_lock,
                                        shm_barrier,
                                        shm_unmap,
                                        nullptr,
                                        nullptr};

sqlite3_vfs* real_vfs(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

Platters* platters_of(const char* name) {
  const std::lock_guard<std::mutex> lock(state().mutex);
  const std::string path = name != nullptr ? name : "";
  if (state().folder.empty() || path.rfind(state().folder, 0) != 0) return nullptr;
  const auto [place, is_new] = state().files.try_emplace(path);
  Platters& platters = place->second;
  if (std::ifstream in(path, std::ios::binary); is_new && in) {
    platters.is_there = true;
    platters.synced.assign(std::istreambuf_iterator<char>(in), {});
  }
  return &platters;
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  shim(file).platters = platters_of(name);
  sqlite3_vfs* below = real_vfs(vfs);
  real(file)->pMethods = nullptr;
  const int result = below->xOpen(below, name, real(file), flags, out_flags);
  file->pMethods = real(file)->pMethods != nullptr ? &methods : nullptr;
  return result;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  sqlite3_vfs* below = real_vfs(vfs);
  const int result = below->xDelete(below, name, sync_folder);
  const std::lock_guard<std::mutex> lock(state().mutex);
  // Kept in the map: a file that is still open points there.
  if (const auto found = state().files.find(name); found != state().files.end()) {
    found->second = Platters{};
  }
  return result;
}

}  // namespace

Disk& Disk::install() {
  static Disk the;
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
    sqlite3_vfs above = *below;
    above.zName = "tally-test-disk";
    above.pNext = nullptr;
    above.pAppData = below;
    above.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
    above.xOpen = open_file;
    above.xDelete = delete_file;
    return above;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 1);
  if (registered != SQLITE_OK) std::abort();
  return the;
}

void Disk::watch(const std::string& folder, std::function<void()> on_write) {
  const std::lock_guard<std::mutex> lock(state().mutex);
  state().folder = folder;
  state().on_write = std::move(on_write);
}

void Disk::forget() {
  const std::lock_guard<std::mutex> lock(state().mutex);
  state().folder.clear();
  state().on_write = nullptr;
  state().files.clear();
}

DiskImage Disk::image(Unsynced unsynced, std::mt19937& random) const {
  const std::lock_guard<std::mutex> lock(state().mutex);
  DiskImage image;
  for (const auto& [path, platters] : state().files) {
    const bool name_is_lost =
        !platters.is_there &&
        (unsynced == Unsynced::lost || (unsynced == Unsynced::some && random() % 2 == 0));
    if (name_is_lost || (!platters.is_there && platters.changes.empty())) continue;
    std::string bytes = platters.synced;
    for (const Change& change : platters.changes) {
      if (unsynced == Unsynced::kept) apply(change, bytes);
      if (unsynced == Unsynced::some) apply_some(change, bytes, random);
    }
    image.emplace(path, std::move(bytes));
  }
  return image;
}

void Disk::set_full(bool full) { state().full = full; }
void Disk::set_sync_delay(std::chrono::milliseconds delay) {
  state().sync_delay_ms = delay.count();
}
std::uint64_t Disk::syncs() const { return state().syncs; }

void write_image(const DiskImage& image, const std::string& folder) {
  for (const auto& [path, bytes] : image) {
    const auto name = std::filesystem::path(path).filename();
    std::ofstream(folder + "/" + name.string(), std::ios::binary) << bytes;
  }
}

}  // namespace ledger_tests
