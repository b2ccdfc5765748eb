/**
 * Replaces the SDK's credential chain in every bundle. Lambda sets credentials in the environment, and the chain for
 * profiles, SSO and instance metadata would be two fifths of the bundle. They are read once, because Lambda changes
 * them only together with the execution environment.
 */
export const defaultProvider = () => async () => {
  const accessKeyId = process.env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = process.env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = process.env['AWS_SESSION_TOKEN'];
  if (!accessKeyId || !secretAccessKey) throw new Error('no credentials in the environment');
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
};
