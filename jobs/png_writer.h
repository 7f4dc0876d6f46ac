// Writes a PNG image row by row, with libpng.
#pragma once

#include <png.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gristmill::jobs {

// Of one thread, and stays where it is. Whatever libpng finds wrong is thrown as
// std::runtime_error.
class PngWriter {
 public:
  // 8 bits a pixel, which are indexes of the palette: at most 256 colours.
  PngWriter(std::uint32_t width, std::uint32_t height, std::span<const png_color> palette);
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  // The next row from the top: as many bytes as the image is wide.
  void AddRow(std::string_view pixels);
  // After as many rows as the image is high.
  void Finish();
  // The bytes of the file that came since the last call.
  std::string TakeBytes();

 private:
  struct Handles {
    png_structp png = nullptr;
    png_infop info = nullptr;
    ~Handles() { png_destroy_write_struct(&png, &info); }
  };
  Handles handles_;
  std::string bytes_;
};

}  // namespace gristmill::jobs
