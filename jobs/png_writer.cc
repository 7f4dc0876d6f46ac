#include "jobs/png_writer.h"

#include <stdexcept>
#include <utility>

namespace gristmill::jobs {
namespace {

// libpng wants an error function that does not return; its frames can be unwound.
[[noreturn]] void Throw(png_structp, png_const_charp what) {
  throw std::runtime_error("libpng: " + std::string(what));
}

void Append(png_structp png, png_bytep bytes, std::size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))
      ->append(reinterpret_cast<const char*>(bytes), count);
}

}  // namespace

PngWriter::PngWriter(std::uint32_t width, std::uint32_t height,
                     std::span<const png_color> palette) {
  auto& [png, info] = handles_;
  png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, Throw, nullptr);
  info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr) throw std::runtime_error("libpng can't be used");
  png_set_write_fn(png, &bytes_, Append, nullptr);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_write_info(png, info);
}

void PngWriter::AddRow(std::string_view pixels) {
  png_write_row(handles_.png, reinterpret_cast<png_const_bytep>(pixels.data()));
}

void PngWriter::Finish() { png_write_end(handles_.png, handles_.info); }

std::string PngWriter::TakeBytes() { return std::exchange(bytes_, std::string()); }

}  // namespace gristmill::jobs
