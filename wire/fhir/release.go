package fhir

import "bytes"

// release tells the release: by what says it, else by a resource type that one release alone has.
func (in *Interaction) release(x *Exchange, at *address, sent, came *body) {
	for _, field := range [...][]byte{x.ResponseType, x.RequestType, x.Accept} {
		if r := versionParam(field); r != 0 {
			in.Release = r
			return
		}
	}
	for _, v := range [...][]byte{came.version, sent.version} {
		if r := releaseOf(v); r != 0 {
			in.Release = r
			return
		}
	}
	for _, field := range [...][]byte{x.ResponseType, x.RequestType, x.Accept} {
		if mediaOf(field)&isOld != 0 {
			in.Release = DSTU2
			return
		}
	}
	if in.Release = baseRelease(at.base); in.Release != 0 {
		return
	}
	for _, name := range [...]string{in.Type, in.Resource, in.Compartment} {
		if t := findType([]byte(name)); t != nil {
			if in.Release = t.in.only(); in.Release != 0 {
				return
			}
		}
	}
}

// versionParam is the release in the parameter fhirVersion of a media type (versioning.html#mt-version).
func versionParam(field []byte) Release {
	i := bytes.Index(field, []byte("fhirVersion="))
	if i < 0 {
		return 0
	}
	return releaseOf(bytes.Trim(field[i+len("fhirVersion="):], `" `))
}

// releaseOf is the release of a version: 1.0.2, 3.0, 4.0.1, 4.3.0, 5.0.0.
func releaseOf(version []byte) Release {
	if len(version) < 3 || version[1] != '.' {
		return 0
	}
	switch string(version[:3]) {
	case "1.0":
		return DSTU2
	case "3.0":
		return STU3
	case "4.0":
		return R4
	case "4.3":
		return R4B
	case "5.0":
		return R5
	}
	return 0
}

// baseRelease is the release that the end of a base address names: /R4, /baseDstu3, /fhir/stu3.
func baseRelease(base []byte) Release {
	i := bytes.LastIndexByte(base, '/')
	last := base[i+1:]
	for _, r := range [...]Release{R4B, DSTU2, STU3, R4, R5} {
		if name := r.String(); len(last) >= len(name) && bytes.EqualFold(last[len(last)-len(name):], []byte(name)) {
			return r
		}
	}
	if len(last) >= 5 && bytes.EqualFold(last[len(last)-5:], []byte("dstu3")) {
		return STU3
	}
	return 0
}

// only is the release that alone is in the set.
func (s releases) only() Release {
	for i := range 5 {
		if s == 1<<i {
			return Release(i + 1)
		}
	}
	return 0
}
