/// First in, first out; taking the first does not move the others.
struct Fifo<Element> {
    private var elements: [Element?] = []
    private var place = 0

    var count: Int { elements.count - place }
    var isEmpty: Bool { count == 0 }

    var first: Element? { isEmpty ? nil : elements[place] }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard place < elements.count else { return nil }
        // Moved out, not copied.
        var element: Element?
        swap(&element, &elements[place])
        place += 1
        if place == elements.count {
            elements.removeAll(keepingCapacity: true)
            place = 0
        } else if place >= 1024, place * 2 >= elements.count {
            elements.removeFirst(place)
            place = 0
        }
        return element
    }
}
