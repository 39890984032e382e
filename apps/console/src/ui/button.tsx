import { Button as TButton, type ButtonProps } from 'tdesign-react';

/** TDesign makes a `<div>` of a button that is disabled: no reader would tell of it, and the focus would be lost. */
export const Button = (props: ButtonProps) => <TButton tag="button" {...props} />;
