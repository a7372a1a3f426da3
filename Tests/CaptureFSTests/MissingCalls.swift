import CPosix
import Glibc

// Calls that Swift's view of the C library does not show, in their C form (-1 and errno).

private func result<Number: SignedInteger>(_ answer: Number) -> Number {
    guard answer < 0 else { return answer }
    errno = CInt(-answer)
    return -1
}

func lsetxattr(
    _ path: String, _ name: String, _ value: UnsafeRawPointer?, _ count: Int, _ flags: CInt
) -> CInt {
    result(cposix_lsetxattr(path, name, value, count, flags))
}

func fsetxattr(
    _ file: CInt, _ name: String, _ value: UnsafeRawPointer?, _ count: Int, _ flags: CInt
) -> CInt {
    result(cposix_fsetxattr(file, name, value, count, flags))
}

func lgetxattr(
    _ path: String, _ name: String, _ value: UnsafeMutableRawPointer?, _ count: Int
) -> Int {
    result(cposix_lgetxattr(path, name, value, count))
}

func llistxattr(_ path: String, _ names: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    result(cposix_llistxattr(path, names, count))
}

func lremovexattr(_ path: String, _ name: String) -> CInt {
    result(cposix_lremovexattr(path, name))
}

func fallocate(_ file: CInt, _ mode: CInt, _ offset: off_t, _ length: off_t) -> CInt {
    result(cposix_fallocate(file, mode, offset, length))
}

func syncfs(_ file: CInt) -> CInt { result(cposix_syncfs(file)) }

func renameat2(
    _ from: CInt, _ name: String, _ to: CInt, _ newName: String, _ flags: UInt32
) -> CInt {
    result(cposix_renameat2(from, name, to, newName, flags))
}

func makedev(_ major: UInt, _ minor: UInt) -> dev_t {
    let low = minor & 0xFF | (major & 0xFFF) << 8
    return dev_t(low | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32)
}
