/**
 * The receives after which SQS itself dead-letters a message: the maximum that SQS allows. A throttled invocation is a
 * receive too, although no code has run, so a lower limit would dead-letter good messages while the account has no
 * concurrency left. Such a receive hides the message for the visibility timeout, 90 s or more, so the limit is reached
 * after 25 hours at the earliest. A consumer counts its own failures and dead-letters a message long before.
 */
export const MAX_RECEIVES_BEFORE_REDRIVE = 1000;
