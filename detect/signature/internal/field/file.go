package field

// files are the fields of files, whatever carries them.
func files() []Field {
	var f family
	f.many(either, "file.data", "file_data")
	f.many(either, "file.name", "file_name")
	f.many(either, "file.magic", "file_magic")
	f.many(either, "file.mime_type")
	f.many(either, "file.md5")
	f.lower()
	f.many(either, "file.sha1")
	f.lower()
	f.many(either, "file.sha256")
	f.lower()
	f.number(either, 64, nil, "filesize", "file.size")
	for i := range f.fields {
		f.fields[i].File = true
	}
	f.bytes(either, "base64_data")
	f.many(either, "frame")
	return f.fields
}
