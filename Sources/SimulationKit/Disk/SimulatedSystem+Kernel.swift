internal import CPosix
internal import Glibc

/// Calls that the kernel answers in a simulation, too: on files that are mapped into memory.
extension SimulatedSystem {
    static let kernelFolder = Array("/dev/shm/".utf8)

    func isForKernel(_ call: cposix_call, _ words: Words) -> Bool {
        let (a, b, c, _, _, _) = words
        switch call {
        case cposix_call_open: return isKernelPath(a)
        case cposix_call_openat, cposix_call_openat2, cposix_call_mkdirat, cposix_call_unlinkat,
            cposix_call_fstatat:
            return isKernelDescriptor(a) || isKernelPath(b)
        case cposix_call_renameat2: return isKernelDescriptor(a) && isKernelDescriptor(c)
        case cposix_call_close, cposix_call_fstat, cposix_call_fallocate, cposix_call_ftruncate,
            cposix_call_fsync, cposix_call_fdatasync, cposix_call_pread, cposix_call_pwrite,
            cposix_call_read, cposix_call_write, cposix_call_fstatvfs, cposix_call_getdents:
            return isKernelDescriptor(a)
        default: return false
        }
    }

    private func isKernelDescriptor(_ word: Int) -> Bool {
        word >= 0 && word < Self.firstDescriptor
    }

    private func isKernelPath(_ word: Int) -> Bool {
        guard let text = UnsafePointer<UInt8>(bitPattern: word), text[0] == 0x2F, text[1] == 0x64
        else { return false }
        return bytes(word).starts(with: Self.kernelFolder)
    }

    func kernel(_ call: cposix_call, _ words: Words) -> Int {
        let before = cposix_simulate(cposix_simulation(answer: nil, context: nil))
        defer { _ = cposix_simulate(before) }
        let (a, b, c, d, e, _) = words
        let first = CInt(truncatingIfNeeded: a)
        switch call {
        case cposix_call_open: return Int(cposix_open(text(a), CInt(b), mode_t(c)))
        case cposix_call_openat: return Int(cposix_openat(first, text(b), CInt(c), mode_t(d)))
        case cposix_call_close: return Int(cposix_close(first))
        case cposix_call_mkdirat: return Int(cposix_mkdirat(first, text(b), mode_t(c)))
        case cposix_call_unlinkat: return Int(cposix_unlinkat(first, text(b), CInt(c)))
        case cposix_call_renameat2:
            return Int(cposix_renameat2(first, text(b), CInt(c), text(d), UInt32(e)))
        case cposix_call_fstat:
            return Int(cposix_fstat(first, pointer(b)?.assumingMemoryBound(to: stat.self)))
        case cposix_call_fstatat:
            return Int(
                cposix_fstatat(
                    first, text(b), pointer(c)?.assumingMemoryBound(to: stat.self), CInt(d)))
        case cposix_call_fallocate: return Int(cposix_fallocate(first, CInt(b), c, d))
        case cposix_call_ftruncate: return Int(cposix_ftruncate(first, b))
        case cposix_call_fsync, cposix_call_fdatasync: return 0
        case cposix_call_pread: return cposix_pread(first, pointer(b), c, d)
        case cposix_call_pwrite: return cposix_pwrite(first, pointer(b), c, d)
        case cposix_call_read: return cposix_read(first, pointer(b), c)
        case cposix_call_write: return cposix_write(first, pointer(b), c)
        case cposix_call_getdents: return cposix_getdents(first, pointer(b), c)
        default: return -Int(ENOSYS)
        }
    }

    private func text(_ word: Int) -> UnsafePointer<CChar>? {
        UnsafePointer<CChar>(bitPattern: word)
    }
}
