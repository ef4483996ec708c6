import Glibc

extension Errno {
    /// The user's quota on the file system is used up.
    package static let quota = Errno(EDQUOT)
    /// The file system is mounted read-only.
    package static let readOnly = Errno(EROFS)
    /// Too many symbolic links, or one where none is allowed.
    package static let tooManyLinks = Errno(ELOOP)
    /// A path or one of its names is too long.
    package static let nameTooLong = Errno(ENAMETOOLONG)
}
