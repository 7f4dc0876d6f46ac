// A small copy of each image.
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

#include "gristmill/job.h"
#include "jobs/image.h"

namespace gristmill::jobs {
namespace {

class Thumbnails {
 public:
  static constexpr std::string_view kName = "thumbnails";
  static constexpr std::string_view kSummary = "a small copy of each JPEG and PNG image";
  static constexpr std::string_view kDetails =
      "Input: JPEG and PNG files. Each leaves a file of its own name and kind in the output, no "
      "side of which is longer than --param size; smaller images are only written anew. Two files "
      "of one name, from different directories, fail the job.\n\n"
      "Output: name<TAB>width,height of the image,width,height,bytes of the copy. A file that is "
      "no image, or a damaged one, is counted as broken_images and listed, with the reason, in the "
      "files broken-…, and has no copy. How a camera was held is not looked at.";

  using Key = std::string;
  using Value =
      std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint64_t>;

  void Declare(Params& params) {
    params.Add("size", &size_, "pixels of the longer side of the copies");
  }

  std::string Validate() const {
    return size_ > 0 && size_ <= kSizeMax
               ? ""
               : "parameter 'size' of job 'thumbnails' must be from 1 to " +
                     std::to_string(kSizeMax);
  }

  void Map(const WholeFile& file, Emitter<Thumbnails>& out) {
    const std::string_view name = file.path.substr(file.path.rfind('/') + 1);
    const auto side = static_cast<std::uint32_t>(size_);
    Image copy;
    std::string bytes;
    try {
      copy = FitInto(DecodeImage(file.contents, side), side);
      bytes = EncodeImage(copy);
    } catch (const std::runtime_error& error) {
      out.context().Count("broken_images");
      out.context().side_output("broken").Line(std::string(file.path) + '\t' + error.what());
      return;
    }
    out.context().WriteFile(name, bytes);
    out.Emit(name, {copy.file_width, copy.file_height, copy.width, copy.height, bytes.size()});
  }

 private:
  static constexpr std::uint64_t kSizeMax = 10'000;
  std::uint64_t size_ = 200;
};

GRISTMILL_JOB(Thumbnails);

}  // namespace
}  // namespace gristmill::jobs
