package field

// smb are the fields of SMB, and of the calls that it carries.
func smb() []Field {
	f := family{app: "smb"}
	f.bytes(either, "smb.named_pipe", "smb_named_pipe")
	f.bytes(either, "smb.share", "smb_share")
	f.bytes(toServer, "smb.ntlmssp_user")
	f.bytes(toServer, "smb.ntlmssp_domain")
	f.number(either, 8, nil, "smb.version")

	f.app = "dcerpc"
	f.bytes(either, "dcerpc.stub_data", "dce_stub_data")
	f.bytes(either, "dcerpc.iface")
	f.bytes(either, "dcerpc.opnum")
	return f.fields
}

func krb5() []Field {
	f := family{app: "krb5"}
	f.many(either, "krb5.cname", "krb5_cname")
	f.many(either, "krb5.sname", "krb5_sname")
	f.number(either, 32, count(10, "as_req", "as_rep", "tgs_req", "tgs_rep", "ap_req", "ap_rep", "", "", "", "", "safe", "priv", "cred",
		"", "", "", "", "", "", "", "error"), "krb5.msg_type", "krb5_msg_type")
	f.number(toClient, 32, nil, "krb5.err_code", "krb5_err_code")
	f.number(toClient, 32, KerberosCiphers(), "krb5.ticket_encryption")
	return f.fields
}

// KerberosCiphers are the names of types of encryption (RFC 3961 section 8), as rules write them.
func KerberosCiphers() map[string]uint64 {
	return map[string]uint64{
		"des-cbc-crc": 1, "des-cbc-md4": 2, "des-cbc-md5": 3, "des3-cbc-md5": 5, "des3-cbc-sha1": 7, "dsawithsha1-cmsoid": 9,
		"md5withrsaencryption-cmsoid": 10, "sha1withrsaencryption-cmsoid": 11, "rc2cbc-envoid": 12, "rsaencryption-envoid": 13,
		"rsaes-oaep-env-oid": 14, "des-ede3-cbc-env-oid": 15, "des3-cbc-sha1-kd": 16, "aes128-cts-hmac-sha1-96": 17,
		"aes256-cts-hmac-sha1-96": 18, "aes128-cts-hmac-sha256-128": 19, "aes256-cts-hmac-sha384-192": 20, "rc4-hmac": 23,
		"rc4-hmac-exp": 24, "camellia128-cts-cmac": 25, "camellia256-cts-cmac": 26, "subkey-keymaterial": 65,
	}
}

func ldap() []Field {
	f := family{app: "ldap"}
	operations := ldapOperations()
	f.number(toServer, 8, operations, "ldap.request.operation")
	f.numbers(toClient, 8, operations, "ldap.responses.operation")
	f.number(toClient, 32, nil, "ldap.responses.count")
	f.numbers(toClient, 32, ldapResults(), "ldap.responses.result_code")
	f.bytes(toServer, "ldap.request.dn")
	f.many(toClient, "ldap.responses.dn")
	f.many(toClient, "ldap.responses.message")
	f.many(toServer, "ldap.request.attribute_type")
	f.many(toClient, "ldap.responses.attribute_type")
	return f.fields
}

func ldapOperations() map[string]uint64 {
	m := count(0, "bind_request", "bind_response", "unbind_request", "search_request", "search_result_entry", "search_result_done",
		"modify_request", "modify_response", "add_request", "add_response", "del_request", "del_response", "mod_dn_request",
		"mod_dn_response", "compare_request", "compare_response", "abandon_request", "", "", "search_result_reference")
	m["extended_request"], m["extended_response"], m["intermediate_response"] = 23, 24, 25
	return m
}

func ldapResults() map[string]uint64 {
	m := count(0, "success", "operations_error", "protocol_error", "time_limit_exceeded", "size_limit_exceeded", "compare_false",
		"compare_true", "auth_method_not_supported", "stronger_auth_required", "", "referral", "admin_limit_exceeded",
		"unavailable_critical_extension", "confidentiality_required", "sasl_bind_in_progress", "", "no_such_attribute",
		"undefined_attribute_type", "inappropriate_matching", "constraint_violation", "attribute_or_value_exists",
		"invalid_attribute_syntax")
	more := map[uint64][]string{
		32:  {"no_such_object", "alias_problem", "invalid_dns_syntax", "is_leaf", "alias_dereferencing_problem"},
		48:  {"inappropriate_authentication", "invalid_credentials", "insufficient_access_rights", "busy", "unavailable", "unwilling_to_perform", "loop_detect"},
		60:  {"sort_control_missing", "offset_range_error", "", "", "naming_violation", "object_class_violation", "not_allowed_on_non_leaf", "not_allowed_on_rdn", "entry_already_exists", "object_class_mods_prohibited", "results_too_large", "affects_multiple_dsas"},
		76:  {"control_error", "", "", "", "other", "server_down", "local_error", "encoding_error", "decoding_error", "timeout", "auth_unknown", "filter_error", "user_canceled", "param_error", "no_memory", "connect_error", "not_supported", "control_not_found", "no_results_returned", "more_results_to_return", "client_loop", "referral_limit_exceeded"},
		100: {"invalid_response", "ambiguous_response"},
		112: {"tls_not_supported", "intermediate_response", "unknown_type", "", "", "", "canceled", "no_such_operation", "too_late", "cannot_cancel", "assertion_failed", "authorization_denied"},
	}
	for first, names := range more {
		for n, v := range count(first, names...) {
			m[n] = v
		}
	}
	m["e_sync_refresh_required"], m["no_operation"] = 4096, 16654
	return m
}

func ftp() []Field {
	f := family{app: "ftp"}
	f.bytes(toServer, "ftp.command")
	f.bytes(toServer, "ftp.command_data")
	f.many(toClient, "ftp.completion_code")
	f.many(toClient, "ftp.reply")
	f.number(either, 16, nil, "ftp.dynamic_port")
	f.number(either, 8, count(0, "active", "passive"), "ftp.mode")
	f.number(toClient, 8, map[string]uint64{"no": 0, "false": 0, "yes": 1, "true": 1}, "ftp.reply_received")
	f.app = "ftp-data"
	f.number(either, 8, FTPDataCommands(), "ftpdata_command", "ftpdata.command")
	return f.fields
}

// FTPDataCommands are the commands that open a channel for data, in numbers of our own.
func FTPDataCommands() map[string]uint64 {
	return count(1, "retr", "stor", "appe", "list", "mlsd", "nlst", "stou")
}

func nfs() []Field {
	f := family{app: "nfs"}
	f.number(either, 32, nil, "nfs_version", "nfs.version")
	f.bytes(either, "nfs_procedure")
	return f.fields
}

func rfb() []Field {
	f := family{app: "rfb"}
	f.bytes(either, "rfb.name")
	f.number(either, 32, nil, "rfb.sectype")
	f.number(toClient, 32, map[string]uint64{"ok": 0, "fail": 1, "toomany": 2, "unknown": 3}, "rfb.secresult")
	return f.fields
}

// databases are the fields of databases.
func databases() []Field {
	f := family{app: "pgsql"}
	f.bytes(toServer, "pgsql.query")
	f.app = "mysql"
	f.bytes(toServer, "mysql.query", "mysql.command")
	f.app = "tds"
	f.bytes(toServer, "tds.query")
	return f.fields
}
