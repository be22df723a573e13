/*
 * A guest in C++: classes with virtual functions, templates, lambdas, objects made by new, static ones made before an
 * endpoint begins. No exceptions, no type information, no library but that of C.
 */
#include <assay/guest.h>
#include <new>
#include <string.h>

namespace
{

class Shape
{
  public:
    virtual ~Shape() = default;
    virtual uint64_t area() const = 0;
    uint64_t twice() const
    {
        return 2 * area();
    }
};

class Rectangle : public Shape
{
  public:
    Rectangle(uint64_t width, uint64_t height) : width_(width), height_(height)
    {
    }
    uint64_t area() const override
    {
        return width_ * height_;
    }

  private:
    uint64_t width_, height_;
};

class Square final : public Rectangle
{
  public:
    explicit Square(uint64_t side) : Rectangle(side, side)
    {
    }
};

template <typename Item, size_t Most> class List
{
  public:
    bool add(Item item)
    {
        return count_ < Most && ((items_[count_++] = item), true);
    }
    template <typename Function> uint64_t sum(Function function) const
    {
        uint64_t total = 0;
        for (size_t n = 0; n < count_; n++)
            total += function(items_[n]);
        return total;
    }

  private:
    Item items_[Most] = {};
    size_t count_ = 0;
};

/* Made before the endpoint begins: its constructor runs once for a memory. */
struct Registry {
    List<Shape *, 8> shapes;
    uint64_t made = 1000;
    Registry()
    {
        shapes.add(new Square(3));
    }
};

Registry registry;
const uint64_t later = registry.made++ + 1;

} // namespace

ASSAY_ENDPOINT(0, areas)
{
    alignas(Rectangle) unsigned char room[sizeof(Rectangle)];
    Rectangle *placed = new (room) Rectangle(argument0, argument1);
    registry.shapes.add(placed);
    for (uint64_t side = 1; side <= argument2 % 5; side++)
        registry.shapes.add(new Square(side));
    uint64_t scale = later + registry.made;
    return registry.shapes.sum([scale](const Shape *shape) { return shape->twice() * scale; });
}
