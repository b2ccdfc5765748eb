/**
 * A certificate for the name `receiver.invalid`, signed by itself, and its key. Nothing trusts it outside of the tests,
 * and it is valid until 2126:
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
 *       -subj /CN=receiver.invalid -addext subjectAltName=DNS:receiver.invalid
 */
export const receiverCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBqjCCAVCgAwIBAgIUQetVn+6QxA1w9DyQXoNy8fKLF0AwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcmVjZWl2ZXIuaW52YWxpZDAgFw0yNjExMjEyMzQ4NDhaGA8y
MTI2MTAyODIzNDg0OFowGzEZMBcGA1UEAwwQcmVjZWl2ZXIuaW52YWxpZDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABBXB/GvPopU+zrDZX9R2fRMyHds/hXxwDkbt
BAoXtYlSyQg1IkIGvc4Luwd/7lljsyF7zR/rRC1NB6CHbtKK57SjcDBuMB0GA1Ud
DgQWBBS1h13J7bkbo+hECBL5xVnsN9iRHTAfBgNVHSMEGDAWgBS1h13J7bkbo+hE
CBL5xVnsN9iRHTAPBgNVHRMBAf8EBTADAQH/MBsGA1UdEQQUMBKCEHJlY2VpdmVy
LmludmFsaWQwCgYIKoZIzj0EAwIDSAAwRQIgPcUagandeuLn+6jjGwJw2jiTJPW9
IV0qtpYbfb5A4VMCIQDYKNc4rlHgRMPScbgqjcn/AccblCfUq+DzihvWlh/BKQ==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQzkPJbM1fKmNldDD
K0u//EW4iVIBDz/Pqf4rMlztj82hRANCAAQVwfxrz6KVPs6w2V/Udn0TMh3bP4V8
cA5G7QQKF7WJUskINSJCBr3OC7sHf+5ZY7Mhe80f60QtTQegh27Siue0
-----END PRIVATE KEY-----`,
};
